//! Date, interval, cron and calendar triggers of the Punctual job scheduler on a civil-time engine.
