"""Parts of pages that are pages' worth themselves: a page draws the one that is open."""
