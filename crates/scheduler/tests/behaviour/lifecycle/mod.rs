//! Starting, pausing, shutting down, and restarting.

mod any_runtime;
mod calls_from_jobs;
mod failed_start;
mod health;
mod idle;
mod interrupted;
mod listener;
mod restart;
mod shutdown;
mod shutdown_leases;
mod shutdown_ways;
mod start;
