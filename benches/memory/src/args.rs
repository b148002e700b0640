//! Command line arguments.

use std::collections::HashMap;
use std::error::Error;
use std::str::FromStr;

/// Words, flags, and options with a value.
pub(crate) struct Args {
    pub(crate) words: Vec<String>,
    pub(crate) quick: bool,
    options: HashMap<String, String>,
}

impl Args {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut parsed = Self { words: Vec::new(), quick: false, options: HashMap::new() };
        while let Some(arg) = args.next() {
            match arg.strip_prefix("--") {
                None => parsed.words.push(arg),
                Some("quick") => parsed.quick = true,
                Some(name @ ("jobs" | "stored" | "seconds" | "rounds" | "before")) => {
                    let value = args.next().ok_or_else(|| format!("{arg} requires a value"))?;
                    parsed.options.insert(name.to_owned(), value);
                }
                Some(_) => return Err(format!("unknown option {arg}").into()),
            }
        }
        Ok(parsed)
    }

    pub(crate) fn text(&self, option: &str) -> Option<&str> {
        self.options.get(option).map(String::as_str)
    }

    pub(crate) fn number<N: FromStr>(&self, option: &str) -> Result<Option<N>, Box<dyn Error>> {
        let number = |text: &str| {
            text.parse().map_err(|_| format!("--{option}: {text} is not a number in range").into())
        };
        self.text(option).map(number).transpose()
    }
}
