//! The code that `#[task]` leaves in place of a function.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, ItemFn, LitStr, ReturnType, Type, TypeImplTrait};

use crate::options::Options;
use crate::signature::Signature;

pub(crate) fn task(options: &Options, signature: &Signature<'_>, function: &ItemFn) -> TokenStream {
    let private = match &options.krate {
        Some(krate) => quote!(#krate::private),
        None => quote!(::punctual::private),
    };
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
    let errors = errors(&function.sig.output, &private);

    let names = signature.args.iter().map(|arg| &arg.name);
    let names = quote!(#(#names,)*);
    let types = signature.args.iter().map(|arg| arg.ty);
    let types = quote!(#(#types,)*);
    let parameters = signature.args.iter().map(|arg| {
        let (name, ty) = (&arg.name, arg.ty);
        quote!(#name: #ty)
    });
    let type_doc = format!("The task that [`{plain}`](fn@{plain}) makes calls of.");

    quote! {
        #(#cfgs)*
        #[doc = #type_doc]
        #[allow(non_camel_case_types, reason = "it shares its name with the function")]
        #vis enum #ident {}

        #(#cfgs)*
        impl #ident {
            #run
        }

        #(#cfgs)*
        impl #private::Task for #ident {
            const NAME: &'static str = #name;
            type Args = (#types);

            #body

            #errors
        }

        #(#cfgs)*
        #(#docs)*
        #(#deprecated)*
        #[allow(clippy::too_many_arguments, reason = "they are the task's")]
        #vis fn #ident(#(#parameters),*) -> #private::Call<#ident> {
            #private::Call::new((#names))
        }
    }
}

/// The function as it was written, under the name `run`.
fn run(function: &ItemFn, attrs: &Attributes<'_>) -> TokenStream {
    let (docs, others) = (&attrs.docs, &attrs.others);
    let (vis, block) = (&function.vis, &function.block);
    let mut signature = function.sig.clone();
    signature.ident = format_ident!("run", span = function.sig.ident.span());
    quote! {
        /// Runs the task's own code, here and now, without a scheduler: for unit tests, and to call one
        /// task from another.
        ///
        #(#docs)*
        #(#others)*
        #vis #signature #block
    }
}

/// The method that the scheduler calls: it makes a run's work out of the arguments.
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

/// Turns what the function returned into what the run ended with; see `punctual_core`'s `probe`.
fn finish(returned: &TokenStream, ty: &ReturnType, private: &TokenStream) -> TokenStream {
    // What is wrong with the returned type is shown where it is written.
    let place = Span::call_site().located_at(ty.span());
    let finish = quote_spanned!(place=> (&returned).kind().finish(returned));
    quote! {{
        use #private::{FallibleKind as _, PlainKind as _};
        let returned = #returned;
        #finish
    }}
}

/// How the function's error gets to another process; see `punctual_core`'s `probe`.
fn errors(returned: &ReturnType, private: &TokenStream) -> TokenStream {
    let ty = match returned {
        ReturnType::Type(_, ty) if can_be_named(ty) => ty,
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

/// Whether the type can stand elsewhere than behind a function's arrow: not `!`, nor with an `impl ..` in it.
fn can_be_named(ty: &Type) -> bool {
    struct Nameless(bool);

    impl Visit<'_> for Nameless {
        fn visit_type_impl_trait(&mut self, _: &TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut nameless = Nameless(!matches!(ty, Type::Path(_)));
    nameless.visit_type(ty);
    !nameless.0
}

/// Which of the function's attributes go where.
#[derive(Default)]
struct Attributes<'a> {
    /// To everything that is made.
    cfgs: Vec<&'a Attribute>,
    /// To both functions.
    docs: Vec<&'a Attribute>,
    /// To the function that makes calls.
    deprecated: Vec<&'a Attribute>,
    /// To the function as it was written: lints, `#[instrument]` and the like.
    others: Vec<&'a Attribute>,
}

impl<'a> Attributes<'a> {
    fn of(attributes: &'a [Attribute]) -> Self {
        let mut sorted = Self::default();
        for attribute in attributes {
            let path = attribute.path();
            let place = if path.is_ident("cfg") {
                &mut sorted.cfgs
            } else if path.is_ident("doc") {
                &mut sorted.docs
            } else if path.is_ident("deprecated") {
                &mut sorted.deprecated
            } else {
                &mut sorted.others
            };
            place.push(attribute);
        }
        sorted
    }
}
