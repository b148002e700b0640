//! Generation of the code that replaces a function with `#[task]`.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, ItemFn, LitStr, Path, ReturnType, Type, TypeImplTrait};

use crate::options::Options;
use crate::signature::Signature;

/// The path of the module that the generated code uses.
pub(crate) fn private(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(krate) => quote!(#krate::private),
        None => quote!(::punctual::private),
    }
}

pub(crate) fn task(options: &Options, signature: &Signature<'_>, function: &ItemFn) -> TokenStream {
    let private = private(options.krate.as_ref());
    let ident = &function.sig.ident;
    let plain = ident.unraw().to_string();
    let name = match &options.name {
        Some(name) => name.clone(),
        None => LitStr::new(&plain, ident.span()),
    };
    let vis = &function.vis;
    let attrs = Attributes::of(&function.attrs);
    let (cfgs, docs, deprecated) = (&attrs.cfgs, &attrs.docs, &attrs.deprecated);
    let run = run(function, &attrs);
    let body = body(signature, function, &private);
    let schedule = options.schedule.as_ref();
    let schedule = schedule.map(|schedule| schedule.constant(options.id.as_ref(), &private));
    let error_methods = error_methods(&function.sig.output, &private);

    let names = signature.args.iter().map(|arg| &arg.name);
    let names = quote!(#(#names,)*);
    let types = signature.args.iter().map(|arg| arg.ty);
    let mut types = Group::new(Delimiter::Parenthesis, quote!(#(#types,)*));
    // Errors of a type that does not implement the traits of serde are reported at its location.
    types.set_span(Span::call_site().located_at(signature.args_span(function)));
    let parameters = signature.args.iter().map(|arg| {
        let (name, ty) = (&arg.name, arg.ty);
        quote!(#name: #ty)
    });
    let type_doc = format!("The task of the calls that [`{plain}`](fn@{plain}) returns.");

    quote! {
        #(#cfgs)*
        #[doc = #type_doc]
        #[allow(non_camel_case_types, reason = "the type has the name of the function")]
        #vis enum #ident {}

        #(#cfgs)*
        impl #ident {
            #run
        }

        #(#cfgs)*
        impl #private::Task for #ident {
            const NAME: &'static str = #name;
            type Args = #types;
            #schedule

            #body

            #error_methods
        }

        #(#cfgs)*
        #(#docs)*
        #(#deprecated)*
        #[allow(clippy::too_many_arguments, reason = "the arguments are those of the task")]
        #vis fn #ident(#(#parameters),*) -> #private::Call<#ident> {
            #private::Call::new((#names))
        }
    }
}

/// Generates the original function, under the name `run`.
fn run(function: &ItemFn, attrs: &Attributes<'_>) -> TokenStream {
    let (docs, passthrough) = (&attrs.docs, &attrs.passthrough);
    let (vis, block) = (&function.vis, &function.block);
    let mut signature = function.sig.clone();
    signature.ident = format_ident!("run", span = function.sig.ident.span());
    quote! {
        /// Runs the task directly, without a scheduler: for unit tests, and to call a task from another one.
        ///
        #(#docs)*
        #(#passthrough)*
        #vis #signature #block
    }
}

/// Generates the method that builds the work of a run from its arguments.
fn body(signature: &Signature<'_>, function: &ItemFn, private: &TokenStream) -> TokenStream {
    let args: Vec<_> = (0..signature.args.len())
        .map(|index| format_ident!("arg{index}", span = Span::mixed_site()))
        .collect();
    let (parameter, context) = if signature.context {
        (quote!(context), quote!(context,))
    } else {
        (quote!(_context), quote!())
    };
    let call = quote!(Self::run(#context #(#args),*));
    let finish = |returned| finish(&returned, &function.sig.output, private);
    let work = if function.sig.asyncness.is_some() {
        let finish = finish(quote!(#call.await));
        quote!(#private::TaskBody::future(async move #finish))
    } else {
        let finish = finish(call);
        quote!(#private::TaskBody::blocking(move || #finish))
    };
    quote! {
        fn body(
            #parameter: #private::JobContext,
            (#(#args,)*): Self::Args,
        ) -> #private::TaskBody {
            #work
        }
    }
}

/// Generates the conversion of the return value into the result of the run; see the module `autoref_specialization` of
/// `punctual_core`.
fn finish(returned: &TokenStream, ty: &ReturnType, private: &TokenStream) -> TokenStream {
    // Errors of the return type are reported at its location.
    let location = match ty {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => Span::call_site(),
    };
    let span = Span::call_site().located_at(location);
    let finish = quote_spanned!(span=> (&returned).kind().finish(returned));
    quote! {{
        use #private::{FallibleKind as _, PlainKind as _};
        let returned = #returned;
        #finish
    }}
}

/// Generates the methods that transfer an error between processes; see the module `autoref_specialization` of
/// `punctual_core`.
fn error_methods(returned: &ReturnType, private: &TokenStream) -> TokenStream {
    let ty = match returned {
        ReturnType::Type(_, ty) if is_nameable(ty) => ty,
        _ => return TokenStream::new(),
    };
    let kind = quote! {
        use #private::{ReadableErrorKind as _, UnreadableErrorKind as _};
        let returned: #private::Returned<#ty> = ::core::default::Default::default();
        let kind = (&returned).kind();
    };
    quote! {
        fn write_error(
            error: &#private::TaskError,
        ) -> ::core::option::Option<#private::Value> {
            #kind
            kind.write(error)
        }

        fn read_error(
            written: #private::Value,
        ) -> ::core::option::Option<#private::TaskError> {
            #kind
            kind.read(written)
        }
    }
}

/// Returns whether the type can be used outside of a return type: it is a path that does not contain `impl ..`.
fn is_nameable(ty: &Type) -> bool {
    struct UnnameableType(bool);

    impl Visit<'_> for UnnameableType {
        fn visit_type_impl_trait(&mut self, _: &TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut unnameable = UnnameableType(!matches!(ty, Type::Path(_)));
    unnameable.visit_type(ty);
    !unnameable.0
}

/// The attributes of the function, by their destination.
#[derive(Default)]
struct Attributes<'a> {
    /// For all generated items.
    cfgs: Vec<&'a Attribute>,
    /// For both functions.
    docs: Vec<&'a Attribute>,
    /// For the function that creates calls.
    deprecated: Vec<&'a Attribute>,
    /// For the original function: lints, `#[instrument]` and the like.
    passthrough: Vec<&'a Attribute>,
}

impl<'a> Attributes<'a> {
    fn of(attributes: &'a [Attribute]) -> Self {
        let mut sorted = Self::default();
        for attribute in attributes {
            let path = attribute.path();
            let list = if path.is_ident("cfg") {
                &mut sorted.cfgs
            } else if path.is_ident("doc") {
                &mut sorted.docs
            } else if path.is_ident("deprecated") {
                &mut sorted.deprecated
            } else {
                &mut sorted.passthrough
            };
            list.push(attribute);
        }
        sorted
    }
}
