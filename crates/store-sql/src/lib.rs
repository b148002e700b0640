//! SQL job stores of the Punctual job scheduler: SQLite.
