"""Music heard the way a dancer does: beats, beat-synchronous tokens, and the MotionBeat encoder."""

from motionbeat.host_cpu import without_shadow_stack

# before anything imports numba, which reads its settings once
without_shadow_stack()
