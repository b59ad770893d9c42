"""What the pages are handed: the Portal of a process, what a request reads of its cluster, and what is recorded."""

from destinations.portal.connection import ClusterConnection
from destinations.portal.event import Event
from destinations.portal.portal import Portal, Reads

__all__ = ["ClusterConnection", "Event", "Portal", "Reads"]
