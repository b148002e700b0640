//! Options of `#[task(..)]`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Path, Result, Token};

/// The maximum length of a name in characters, as in `punctual_core`.
const MAX_NAME_CHARS: usize = 191;

const USAGE: &str = "#[task] takes `name = \"..\"` and `crate = \"..\"`";

#[derive(Default)]
pub(crate) struct Options {
    /// The name of the task in stores; defaults to the name of the function.
    pub(crate) name: Option<LitStr>,
    /// The path of the crate that contains the `private` module; defaults to `punctual`.
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

/// The value of `crate` in options that may otherwise be invalid.
pub(crate) fn find_crate(options: &TokenStream) -> Option<Path> {
    let tokens: Vec<_> = options.clone().into_iter().collect();
    tokens.windows(3).find_map(|tokens| match tokens {
        [TokenTree::Ident(key), TokenTree::Punct(equals), TokenTree::Literal(value)]
            if *key == "crate" && equals.as_char() == '=' =>
        {
            syn::parse2::<LitStr>(value.to_token_stream()).ok()?.parse().ok()
        }
        _ => None,
    })
}

impl Options {
    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        // `crate` is a keyword, which the parser does not accept as an identifier.
        let key = Ident::parse_any(input).map_err(|error| Error::new(error.span(), USAGE))?;
        input.parse::<Token![=]>()?;
        let value: LitStr = input.parse()?;
        let duplicate = || Error::new(key.span(), format!("duplicate option `{key}`"));
        match key.to_string().as_str() {
            "name" if self.name.is_some() => Err(duplicate()),
            "crate" if self.krate.is_some() => Err(duplicate()),
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
    match name_violation(&name.value()) {
        Some(rule) => Err(Error::new(name.span(), rule)),
        None => Ok(()),
    }
}

fn name_violation(name: &str) -> Option<&'static str> {
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
    use super::{MAX_NAME_CHARS, name_violation};

    #[test]
    fn the_limit_is_that_of_core() {
        let longest = "é".repeat(MAX_NAME_CHARS);
        assert_eq!(name_violation(&longest), None);
        assert!(name_violation(&(longest + "é")).is_some());
        assert!(punctual_core::TaskName::new("é".repeat(MAX_NAME_CHARS)).is_ok());
        assert!(punctual_core::TaskName::new("é".repeat(MAX_NAME_CHARS + 1)).is_err());
    }
}
