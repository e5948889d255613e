"""
The composition root: which parts exist and how they are joined, begun and ended.

The only room that sees every room below it. Must not know: clinical rules, wire shapes.
"""

from marrowd.app.access import Access, opened
from marrowd.app.interpreter import set_for_answering
from marrowd.app.service import Role, Service, running

__all__ = ["Access", "Role", "Service", "opened", "running", "set_for_answering"]
