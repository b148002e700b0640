//! The punctual command: runs crontab files and explains schedules.
