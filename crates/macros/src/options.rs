//! Options of `#[task(..)]`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, ItemFn, LitStr, Path, Result, Token};

use crate::schedule::Schedule;
use crate::signature::Signature;

/// The maximum length of a name in characters, as in `punctual_core`.
const MAX_NAME_CHARS: usize = 191;

/// The options, for errors.
const KNOWN: &str =
    "`name = \"..\"`, `cron = \"..\"`, `every = \"..\"`, `id = \"..\"` and `crate = \"..\"`";

#[derive(Default)]
pub(crate) struct Options {
    /// The name of the task in stores; defaults to the name of the function.
    pub(crate) name: Option<LitStr>,
    /// The path of the crate that contains the `private` module; defaults to `punctual`.
    pub(crate) krate: Option<Path>,
    /// The schedule, if one is declared.
    pub(crate) schedule: Option<Schedule>,
    /// The id of the job of the schedule.
    pub(crate) id: Option<LitStr>,
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
        match &options {
            Self { id: Some(id), schedule: None, .. } => {
                Err(Error::new(id.span(), "`id` requires a schedule: `cron` or `every`"))
            }
            _ => Ok(options),
        }
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
        let key = Ident::parse_any(input)
            .map_err(|error| Error::new(error.span(), format!("#[task] takes {KNOWN}")))?;
        input.parse::<Token![=]>()?;
        let value: LitStr = input.parse()?;
        let name = key.to_string();
        let is_duplicate = match name.as_str() {
            "name" => self.name.is_some(),
            "crate" => self.krate.is_some(),
            "id" => self.id.is_some(),
            "cron" | "every" => match &self.schedule {
                Some(schedule) if schedule.option() != name => {
                    let text = "`cron` and `every` exclude each other";
                    return Err(Error::new(key.span(), text));
                }
                schedule => schedule.is_some(),
            },
            _ => {
                let text = format!("unknown option `{key}`; #[task] takes {KNOWN}");
                return Err(Error::new(key.span(), text));
            }
        };
        if is_duplicate {
            return Err(Error::new(key.span(), format!("duplicate option `{key}`")));
        }
        match name.as_str() {
            "name" => {
                check_name("a task's name", &value)?;
                self.name = Some(value);
            }
            "id" => {
                check_name("a job's id", &value)?;
                self.id = Some(value);
            }
            "cron" => self.schedule = Some(Schedule::cron(value)?),
            "every" => self.schedule = Some(Schedule::every(&value)?),
            _ => self.krate = Some(value.parse()?),
        }
        Ok(())
    }

    /// Checks that the function of a task with a schedule has no arguments.
    pub(crate) fn check_arguments(
        &self,
        signature: &Signature<'_>,
        function: &ItemFn,
    ) -> Result<()> {
        if self.schedule.is_none() || signature.args.is_empty() {
            return Ok(());
        }
        Err(Error::new_spanned(
            &function.sig.inputs,
            "a task with a schedule can't have parameters, except `JobContext`: a job with arguments is added by \
             the scheduler's method `job`",
        ))
    }
}

/// Checks a name; `what` describes it.
fn check_name(what: &str, name: &LitStr) -> Result<()> {
    match name_violation(&name.value()) {
        Some(rule) => Err(Error::new(name.span(), format!("{what} must not {rule}"))),
        None => Ok(()),
    }
}

fn name_violation(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("be empty")
    } else if name.chars().count() > MAX_NAME_CHARS {
        Some("be longer than 191 characters")
    } else if name.chars().any(char::is_control) {
        Some("contain control characters")
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
