"""What a generated dance needs before it is shown: feet that stand, a floor that carries, no jitter."""

from dancegen.cleanup.clean_motion import clean_motion

__all__ = ["clean_motion"]
