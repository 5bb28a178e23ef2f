"""The normal distribution's Mills ratio and its slope, to the last bits, for every h >= 0.

`mills(h) = N(-h) / n(h)`, `mills_slope(h) = 1 - h mills(h)`, computed directly, because the
difference loses all its digits where h is large. Both are polynomials in (h - 4) / (h + 4) after
division by what they look like at infinity, as Shepherd and Laframboise do it.

References
----------
Shepherd and Laframboise (1981), "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in
0 <= x < infinity", Mathematics of Computation 36.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def mills(h: float) -> float:
    """Return N(-h) / n(h) for h >= 0."""
    u = 1.0 / (h + 4.0)
    q = (h - 4.0) * u
    q2 = q * q
    q4 = q2 * q2
    q8 = q4 * q4
    q16 = q8 * q8
    c0 = (1.8932190633084853 + -1.523770910819983 * q) + (
        0.9704095548675884 + -0.4675409629983781 * q
    ) * q2
    c4 = (0.15139176231244347 + -0.018900450860304858 * q) + (
        -0.008722295274260125 + 0.004087855661108637 * q
    ) * q2
    c8 = (0.0003342446162328441 + -0.0005792691439164002 * q) + (
        -4.783264259417208e-06 + 8.809493632053581e-05 * q
    ) * q2
    c12 = (1.7963971214040778e-06 + -1.484070957232045e-05 * q) + (
        -1.5787665654677373e-06 + 2.563178850836918e-06 * q
    ) * q2
    c16 = (6.829633831673466e-07 + -3.922932522029295e-07 * q) + (
        -2.1774195022039326e-07 + 3.66737949934239e-08 * q
    ) * q2
    c20 = (5.3711037651589576e-08 + 3.5919778637323777e-09 * q) + (
        -9.35134044482434e-09 + -2.142295344399263e-09 * q
    ) * q2
    c24 = 8.53083886026053e-10 + 2.946488876280441e-10 * q
    low = (c0 + c4 * q4) + (c8 + c12 * q4) * q8
    high = (c16 + c20 * q4) + c24 * q8
    value: float = (low + high * q16) * u
    return value


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def mills_slope(h: float) -> float:
    """Return 1 - h mills(h) for h >= 0."""
    u = 1.0 / (h + 4.0)
    q = (h - 4.0) * u
    q2 = q * q
    q4 = q2 * q2
    q8 = q4 * q4
    q16 = q8 * q8
    c0 = (3.416989974128468 + -4.988360931375142 * q) + (
        4.313851553597915 + -2.475730901243429 * q
    ) * q2
    c4 = (0.8514610658629556 + -0.06106893351155206 * q) + (
        -0.08967105653186021 + 0.030028888287138344 * q
    ) * q2
    c8 = (0.00822162367964019 + -0.005744858185691798 * q) + (
        -0.0010216592289746325 + 0.0010355792716100695 * q
    ) * q2
    c12 = (0.00021627865510898914 + -0.000185656293437605 * q) + (
        -6.211983096599871e-05 + 3.005851340652346e-05 * q
    ) * q2
    c16 = (1.8263779003676145e-05 + -3.1034222886280573e-06 * q) + (
        -4.816787538148039e-06 + -3.8037176475475713e-07 * q
    ) * q2
    c20 = (1.040612182067568e-06 + 3.107935446911965e-07 * q) + (
        -1.6107339332742246e-07 + -8.177009766729484e-08 * q
    ) * q2
    c24 = 1.3137458615192951e-08 + 9.307703767843687e-09 * q
    low = (c0 + c4 * q4) + (c8 + c12 * q4) * q8
    high = (c16 + c20 * q4) + c24 * q8
    value: float = (low + high * q16) * (u * u)
    return value
