#!/bin/sh
# Make sure that a chromium is there for the browser tests, when this machine can have one.
# Never fails: without a browser the tests skip and say so (and fail where CI=true).

found=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -n "${QUANT_CHROMIUM:-}" ] && [ -x "$QUANT_CHROMIUM" ]; then
    found=$QUANT_CHROMIUM
fi
if [ -n "$found" ]; then
    exit 0
fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium for the browser tests ..."
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq >"$log" 2>&1 &&
        apt-get install -y -qq --no-install-recommends \
            chromium fonts-liberation fonts-dejavu-core >>"$log" 2>&1 &&
        command -v chromium >/dev/null; then
        rm -f "$log"
        exit 0
    fi
    echo "chromium could not be installed; the end of what apt-get said:"
    tail -5 "$log"
    rm -f "$log"
fi

echo "*******************************************************************************"
echo "NO BROWSER: the tests in tests/e2e will be SKIPPED, so nobody looks at the app."
echo "Install chromium (Debian: apt-get install chromium fonts-liberation), or name"
echo "one with QUANT_CHROMIUM=/path/to/chromium. Where CI=true these tests fail."
echo "*******************************************************************************"
exit 0
