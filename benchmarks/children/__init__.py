"""Work that is measured in a process of its own.

Peers (`peer_*.py`) import nothing of the project: they run in any interpreter that has them.
"""
