//! Calls with wrong arguments.

use punctual_macros::task;

#[task(crate = "punctual_core")]
fn send_mail(to: String, copies: u32) -> u32 {
    println!("{to}");
    copies
}

fn main() {
    let _ = send_mail("ann@example.org".to_owned());
    let _ = send_mail("ann@example.org".to_owned(), "two");
    let _ = send_mail("ann@example.org".to_owned(), 2, true);
    let _: u32 = send_mail("ann@example.org".to_owned(), 2);
}
