//! The code that replaces a function that can't be a task, so that its uses compile and only its own errors are reported.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{FnArg, ItemFn, PatType, Path};

use crate::expand::private;
use crate::signature::{is_context, is_reference_to_context};

pub(crate) fn task(krate: Option<&Path>, function: &ItemFn) -> TokenStream {
    let private = private(krate);
    let (vis, ident) = (&function.vis, &function.sig.ident);
    let mut call = function.sig.clone();
    call.inputs = call.inputs.into_iter().filter(|input| !is_context_input(input)).collect();
    let mut has_receiver = false;
    for (index, input) in call.inputs.iter_mut().enumerate() {
        match input {
            FnArg::Receiver(_) => has_receiver = true,
            FnArg::Typed(PatType { pat, .. }) => {
                let name = format_ident!("_arg{index}");
                **pat = syn::parse_quote!(#name);
            }
        }
    }
    (call.asyncness, call.constness, call.unsafety, call.abi) = (None, None, None, None);
    call.output = syn::parse_quote!(-> #private::Call<#private::InvalidTask>);
    let call = quote! {
        #[allow(dead_code, clippy::all, reason = "there is an error already")]
        #vis #call {
            ::core::unreachable!()
        }
    };
    if has_receiver {
        // A type can't be defined in the block of the method.
        return call;
    }
    let mut run = function.clone();
    run.sig.ident = format_ident!("run", span = ident.span());
    run.attrs.clear();
    quote! {
        #call

        #[allow(dead_code, non_camel_case_types, reason = "there is an error already")]
        #vis enum #ident {}

        #[allow(dead_code, unused_variables, clippy::all, reason = "there is an error already")]
        impl #ident {
            #run
        }
    }
}

fn is_context_input(input: &FnArg) -> bool {
    matches!(input, FnArg::Typed(input) if is_context(&input.ty) || is_reference_to_context(&input.ty))
}
