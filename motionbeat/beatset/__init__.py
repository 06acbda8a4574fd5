"""A data set of music with exact beats, rebuilt by ``python -m motionbeat.beatset`` for training the beat tracker."""
