//! What stands in the parentheses of `#[task(..)]`.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Path, Result, Token};

/// The longest name that stores keep; `punctual_core` checks the same.
const MAX_NAME_CHARS: usize = 191;

const KNOWN: &str = "#[task] takes `name = \"..\"` and `crate = \"..\"`";

#[derive(Default)]
pub(crate) struct Options {
    /// The name under which stores keep the task; the function's without it.
    pub(crate) name: Option<LitStr>,
    /// The crate that has the `private` module, for those who don't depend on `punctual`.
    pub(crate) krate: Option<Path>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            options.parse_one(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

impl Options {
    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        // `crate` is a keyword, so the key is not always an identifier for the parser.
        let key = Ident::parse_any(input).map_err(|error| Error::new(error.span(), KNOWN))?;
        input.parse::<Token![=]>()?;
        let value: LitStr = input.parse()?;
        let twice = || Error::new(key.span(), format!("`{key}` is given twice"));
        match key.to_string().as_str() {
            "name" if self.name.is_some() => Err(twice()),
            "crate" if self.krate.is_some() => Err(twice()),
            "name" => {
                check_name(&value)?;
                self.name = Some(value);
                Ok(())
            }
            "crate" => {
                self.krate = Some(value.parse()?);
                Ok(())
            }
            _ => Err(Error::new(
                key.span(),
                format!(
                    "unknown option `{key}`; #[task] takes `name = \"..\"` and `crate = \"..\"`"
                ),
            )),
        }
    }
}

fn check_name(name: &LitStr) -> Result<()> {
    match broken_rule(&name.value()) {
        Some(rule) => Err(Error::new(name.span(), rule)),
        None => Ok(()),
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("a task's name must not be empty")
    } else if name.chars().count() > MAX_NAME_CHARS {
        Some("a task's name must not be longer than 191 characters")
    } else if name.chars().any(char::is_control) {
        Some("a task's name must not contain control characters")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME_CHARS, broken_rule};

    #[test]
    fn names_are_what_stores_can_keep() {
        let longest = "é".repeat(MAX_NAME_CHARS);
        assert_eq!(broken_rule(&longest), None);
        assert!(broken_rule(&(longest + "é")).is_some());
        assert!(punctual_core::TaskName::new("é".repeat(MAX_NAME_CHARS)).is_ok());
        assert!(punctual_core::TaskName::new("é".repeat(MAX_NAME_CHARS + 1)).is_err());
    }
}
