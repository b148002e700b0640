//! A job scheduler: functions run on time, once, whatever store keeps them.
