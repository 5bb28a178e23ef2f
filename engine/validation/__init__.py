"""Audits: no number knows what came after it, and bad bars do no harm."""
