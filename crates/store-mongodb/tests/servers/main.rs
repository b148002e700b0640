//! The store on servers of its own: logins, encryption, replica sets whose members fail, search plans. Requires the program
//! in `PUNCTUAL_MONGOD`, which `scripts/services start mongodb` prints.

mod access;
mod plans;
mod process;
mod replica_sets;
mod tls;
