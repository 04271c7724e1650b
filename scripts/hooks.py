"""What MkDocs calls; press/publishing/events.py answers."""

from press.publishing.events import *  # noqa: F403
