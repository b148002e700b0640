//! A job store on anything that can compare and swap.
//!
//! A [`Medium`] keeps cells: values by name that are listed, read, and swapped if they are still what they were. A
//! [`CellStore`] makes a [`Backend`](crate::Backend) of it, and [`job_store!`](crate::job_store) a store. The
//! [example](crate#examples) of this crate is one, whole.
//!
//! What becomes of a job is said by the methods of [`StoredJob`](punctual_core::StoredJob): a cell is loaded, one of
//! them is applied, and the cell is swapped; once more if somebody else was quicker.
//!
//! # What is kept
//!
//! | kind | head | body |
//! |---|---|---|
//! | [`Job`](CellKind::Job) | record, claim and runs | definition |
//! | [`Node`](CellKind::Node) | lease | |
//! | [`Metadata`](CellKind::Metadata) | key and value | |
//! | [`History`](CellKind::History) | a run that has ended; only with [`StoreCaps::history`](punctual_core::StoreCaps::history) | |
//! | [`Format`](CellKind::Format) | by which rules all others are written | |
//!
//! A head is one line of JSON with the number of its format. Older ones are read and are written anew when they
//! change; what a newer build has written is not run, and reported as what can't be read. A store that a newer build
//! has started is refused ([`Unsupported`](punctual_core::StoreErrorKind::Unsupported)) by an older one's start.
//!
//! # What it costs
//!
//! In calls of the medium, each of which may be many requests; a part is as many cells as
//! [`StoreCaps::max_batch`](punctual_core::StoreCaps::max_batch) counts:
//!
//! | method | calls |
//! |---|---|
//! | `add`, `remove`, `update`, `commit` | a `read` and a `swap` for each part, and the same for the losers of a race |
//! | `claim_due` | a `find`, and a `swap` for each part |
//! | `next_wakeup` | a `find` |
//! | `renew` | a `read` and a `swap` of its own lease, a `list` of the leases, a `find` |
//! | `take_over` | a `list` and a `find`; if it finds something, a `read` and a `swap` of leases, and a `swap` for each part |
//! | `get` | a `read` |
//! | `list`, `discard` | a `list` of all jobs |
//! | `metadata`, all of the history | a `list` of all that there is |
//!
//! Without an index of the medium's own a [`find`](Medium::find) is a `list` of all jobs: enough for some hundred.

mod backend;
mod change;
mod format;
mod history;
mod medium;
mod metadata;
mod nodes;
mod record;
mod scan;
mod store;

pub use medium::{Cell, CellKind, CellValue, Found, Medium, Swap, Wanted};
pub use store::CellStore;
