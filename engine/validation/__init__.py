"""Audits: does any number know what came after it, and does it behave on bad bars?"""
