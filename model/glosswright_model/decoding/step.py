"""The interface between a network and a search, under the name that searches use; it stands in `seq2seq.step`.

Networks return these values, so the definition lies below them; searches need nothing else of `seq2seq` but batches.
"""

from glosswright_model.seq2seq.step import State, Step, StepModel

__all__ = ["State", "Step", "StepModel"]
