//! Validation of function signatures.

use proc_macro2::Span;
use quote::{ToTokens, format_ident};
use syn::visit::Visit;
use syn::{
    Error, FnArg, Ident, ItemFn, Pat, PatType, Result, Type, TypeImplTrait, TypePath, TypeReference,
};

/// The maximum number of arguments, as supported by `punctual_core::TaskFn`.
const MAX_ARGS: usize = 8;

pub(crate) struct Signature<'a> {
    /// Whether the first parameter is the `JobContext` of the run.
    pub(crate) context: bool,
    /// The other parameters, whose values are stored with a job.
    pub(crate) args: Vec<Arg<'a>>,
}

pub(crate) struct Arg<'a> {
    pub(crate) name: Ident,
    pub(crate) ty: &'a Type,
}

impl<'a> Signature<'a> {
    /// Validates the signature. All violations are combined into one error.
    pub(crate) fn of(function: &'a ItemFn) -> Result<Self> {
        let mut diagnostics = Diagnostics::default();
        check_function(function, &mut diagnostics);

        let mut context = false;
        let mut args = Vec::new();
        for (index, input) in function.sig.inputs.iter().enumerate() {
            match input {
                FnArg::Receiver(receiver) => diagnostics.add(
                    receiver,
                    "a task must be a free function without `self`; use `JobContext::state` for shared \
                     values",
                ),
                FnArg::Typed(input) if is_context(&input.ty) => {
                    if index > 0 {
                        diagnostics.add(input, "`JobContext` must be the first parameter");
                    }
                    context = true;
                }
                FnArg::Typed(input) => {
                    diagnostics.visit_type(&input.ty);
                    args.push(Arg { name: arg_name(input, args.len()), ty: &input.ty });
                }
            }
        }
        if args.len() > MAX_ARGS {
            diagnostics.add(
                &function.sig.inputs,
                "a task can have at most 8 arguments; put more into a struct",
            );
        }
        diagnostics.into_result()?;
        Ok(Self { context, args })
    }
}

fn check_function(function: &ItemFn, diagnostics: &mut Diagnostics) {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
        diagnostics.add(
            &signature.generics,
            "a task can't be generic: its name in the store does not identify types",
        );
    }
    if let Some(token) = &signature.constness {
        diagnostics.add(token, "a task can't be a `const fn`");
    }
    if let Some(token) = &signature.unsafety {
        diagnostics.add(token, "a task can't be unsafe: the scheduler calls it");
    }
    if let Some(abi) = &signature.abi {
        diagnostics.add(abi, "a task can't be an `extern` function");
    }
}

/// Returns the name of the parameter, which callers and IDEs display, or a generated one for a pattern.
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

/// Collects errors in the signature and in the types of its arguments.
#[derive(Default)]
struct Diagnostics(Option<Error>);

impl Diagnostics {
    fn add(&mut self, tokens: impl ToTokens, text: &str) {
        let error = Error::new_spanned(tokens, text);
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn into_result(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

impl Visit<'_> for Diagnostics {
    fn visit_type_reference(&mut self, reference: &TypeReference) {
        let text = match &*reference.elem {
            ty if is_context(ty) => "take `JobContext` by value: it is cheap to clone",
            Type::Path(path) if path.path.is_ident("str") => {
                "arguments are stored with the job and must be owned: use `String` instead of `&str`"
            }
            Type::Slice(_) => {
                "arguments are stored with the job and must be owned: use `Vec` instead of a slice"
            }
            _ => {
                "arguments are stored with the job and must be owned types; references can't be stored"
            }
        };
        self.add(reference, text);
    }

    fn visit_type_impl_trait(&mut self, ty: &TypeImplTrait) {
        self.add(ty, "an argument needs a concrete type, so that it can be decoded from the store");
    }
}
