"""Music heard the way a dancer does: beats, beat-synchronous tokens, and the MotionBeat encoder."""
