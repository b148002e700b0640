//! Validation of function signatures.

use proc_macro2::Span;
use quote::{ToTokens, format_ident};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{
    Error, FnArg, GenericArgument, Ident, ItemFn, Pat, PatType, PathArguments, Result, ReturnType,
    Type, TypeImplTrait, TypeParamBound, TypePath, TypeReference, TypeTraitObject,
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
                    "a task must be a free function without `self`; use `JobContext::app_data` for shared \
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
        check_output(&function.sig.output, &mut diagnostics);
        diagnostics.into_result()?;
        Ok(Self { context, args })
    }

    /// The location at which errors about the types of the arguments are reported: that of the only type that is not
    /// known to be supported, or otherwise of all arguments.
    pub(crate) fn args_span(&self, function: &ItemFn) -> Span {
        let mut doubtful = self.args.iter().filter(|arg| !is_known_to_serde(arg.ty));
        match (doubtful.next(), doubtful.next()) {
            (Some(arg), None) => arg.ty.span(),
            _ => function.sig.paren_token.span.join(),
        }
    }
}

/// Whether the name of the type is that of a common type that implements the traits of serde. Only its location in errors
/// depends on this.
fn is_known_to_serde(ty: &Type) -> bool {
    const KNOWN: &[&str] = &[
        "bool",
        "char",
        "f32",
        "f64",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "String",
        "PathBuf",
        "Duration",
        "Timestamp",
        "JobId",
        "Value",
        "Vec",
        "Option",
        "Box",
        "HashMap",
        "BTreeMap",
        "HashSet",
        "BTreeSet",
    ];
    let Type::Path(TypePath { path, .. }) = ty else {
        return false;
    };
    let Some(last) = path.segments.last() else {
        return false;
    };
    let arguments_are_known = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .all(|argument| matches!(argument, GenericArgument::Type(ty) if is_known_to_serde(ty))),
        _ => true,
    };
    KNOWN.iter().any(|known| last.ident == known) && arguments_are_known
}

/// Reports an error type that can't be sent between threads.
fn check_output(output: &ReturnType, diagnostics: &mut Diagnostics) {
    let ReturnType::Type(_, output) = output else {
        return;
    };
    if let Some(error) = last_type_argument(output, "Result")
        && let Some(Type::TraitObject(object)) = last_type_argument(error, "Box")
        && !["Send", "Sync"].iter().all(|&name| has_bound(object, name))
        && has_bound(object, "Error")
    {
        diagnostics.add(
            error,
            "the error of a task is sent to another thread: use `Box<dyn Error + Send + Sync>`",
        );
    }
}

/// The last type argument of a type with this name.
fn last_type_argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(TypePath { path, .. }) = ty else {
        return None;
    };
    let last = path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.last()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

/// Whether a trait object has a bound with this name.
fn has_bound(object: &TypeTraitObject, name: &str) -> bool {
    object.bounds.iter().any(|bound| {
        matches!(bound, TypeParamBound::Trait(bound)
            if bound.path.segments.last().is_some_and(|last| last.ident == name))
    })
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

pub(crate) fn is_reference_to_context(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if is_context(&reference.elem))
}

pub(crate) fn is_context(ty: &Type) -> bool {
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
