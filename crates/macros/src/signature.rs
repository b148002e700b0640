//! What of a function's signature a task needs, and what it can't have.

use proc_macro2::Span;
use quote::{ToTokens, format_ident};
use syn::visit::Visit;
use syn::{
    Error, FnArg, Ident, ItemFn, Pat, PatType, Result, Type, TypeImplTrait, TypePath, TypeReference,
};

/// The most arguments a task can have; `punctual_core::TaskFn` knows as many.
const MAX_ARGS: usize = 8;

pub(crate) struct Signature<'a> {
    /// Whether the first parameter is the run's `JobContext`.
    pub(crate) context: bool,
    /// The other parameters: what a job stores.
    pub(crate) args: Vec<Arg<'a>>,
}

pub(crate) struct Arg<'a> {
    pub(crate) name: Ident,
    pub(crate) ty: &'a Type,
}

impl<'a> Signature<'a> {
    /// Reads the signature; all that is wrong with it comes in one error.
    pub(crate) fn of(function: &'a ItemFn) -> Result<Self> {
        let mut problems = Problems::default();
        check_function(function, &mut problems);

        let mut context = false;
        let mut args = Vec::new();
        for (index, input) in function.sig.inputs.iter().enumerate() {
            match input {
                FnArg::Receiver(receiver) => problems.add(
                    receiver,
                    "a task is a free function: it can't have `self`; what it needs can come with \
                     `JobContext::state`",
                ),
                FnArg::Typed(input) if is_context(&input.ty) => {
                    if index > 0 {
                        problems.add(input, "`JobContext` must be the first parameter");
                    }
                    context = true;
                }
                FnArg::Typed(input) => {
                    problems.visit_type(&input.ty);
                    args.push(Arg { name: arg_name(input, args.len()), ty: &input.ty });
                }
            }
        }
        if args.len() > MAX_ARGS {
            problems.add(
                &function.sig.inputs,
                "a task can have at most 8 arguments; put more into a struct",
            );
        }
        problems.into_result()?;
        Ok(Self { context, args })
    }
}

fn check_function(function: &ItemFn, problems: &mut Problems) {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
        problems.add(
            &signature.generics,
            "a task can't be generic: its name in the store says nothing about types",
        );
    }
    if let Some(token) = &signature.constness {
        problems.add(token, "a task can't be a `const fn`");
    }
    if let Some(token) = &signature.unsafety {
        problems.add(token, "a task can't be unsafe: the scheduler calls it");
    }
    if let Some(abi) = &signature.abi {
        problems.add(abi, "a task can't be an `extern` function");
    }
}

/// What callers and rust-analyzer see: the parameter's own name, if it has one.
fn arg_name(input: &PatType, index: usize) -> Ident {
    match &*input.pat {
        Pat::Ident(pattern) => pattern.ident.clone(),
        _ => format_ident!("arg{index}", span = Span::mixed_site()),
    }
}

fn is_context(ty: &Type) -> bool {
    matches!(ty, Type::Path(TypePath { path, .. })
        if path.segments.last().is_some_and(|last| last.ident == "JobContext"))
}

/// Collects what is wrong, in the function and in the types of its arguments.
#[derive(Default)]
struct Problems(Option<Error>);

impl Problems {
    fn add(&mut self, culprit: impl ToTokens, text: &str) {
        let problem = Error::new_spanned(culprit, text);
        match &mut self.0 {
            Some(known) => known.combine(problem),
            None => self.0 = Some(problem),
        }
    }

    fn into_result(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

impl Visit<'_> for Problems {
    fn visit_type_reference(&mut self, reference: &TypeReference) {
        let text = match &*reference.elem {
            ty if is_context(ty) => "take `JobContext` by value: it is cheap to clone",
            Type::Path(path) if path.path.is_ident("str") => {
                "arguments are stored with the job and must be owned: use `String` instead of `&str`"
            }
            Type::Slice(_) => {
                "arguments are stored with the job and must be owned: use `Vec` instead of a slice"
            }
            _ => "arguments are stored with the job and must be owned: a reference can't be",
        };
        self.add(reference, text);
    }

    fn visit_type_impl_trait(&mut self, ty: &TypeImplTrait) {
        self.add(
            ty,
            "an argument needs a concrete type, so that it can be read back from the store",
        );
    }
}
