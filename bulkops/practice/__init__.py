"""A stand-in EnergyCAP for training (`bulkops practice`, `bulkops demo`) and for the tests.

It is written from EnergyCAP's documents alone and imports nothing of bulkops, so a mistake in the client cannot hide in
here. `State` is the pretend customer: tasks, batches, bill lists, flags, and what was done to them, without any HTTP.
`bulkops.practice.server.PracticeServer` puts that state behind real HTTP on the loopback address; it is imported from
there, not from here, because it needs the web framework. What the documents leave open has a switch in `Choices`;
docs/practice.md says which behaviour is documented, and where, and which is chosen.
"""

from .choices import Choices
from .seed_data import PRACTICE_KEY
from .state import State

__all__ = ["PRACTICE_KEY", "Choices", "State"]
