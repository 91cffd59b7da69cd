//! `#[derive(TypeScript)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{
    Attribute, DeriveInput, Error, Expr, ExprLit, GenericArgument, Lit, Meta, Path, PathArguments,
    Result, Type, parse_quote,
};

use crate::attributes::{Argument, Arguments, Description};

pub(crate) fn derive(input: &DeriveInput, default_crate: &Path) -> Result<TokenStream> {
    if !input
        .attrs
        .iter()
        .any(|found| found.path().is_ident("event"))
    {
        let text = "`TypeScript` describes events; other types derive `ts_rs::TS`";
        return Err(Error::new(input.ident.span(), text));
    }
    if let Some(parameter) = input.generics.type_params().next() {
        let text = "an event with type parameters cannot be described to TypeScript";
        return Err(Error::new(parameter.ident.span(), text));
    }
    let description = Description::of(input, default_crate)?;
    let typescript = {
        let krate = &description.krate;
        quote!(#krate::typescript)
    };
    let docs = docs(&input.attrs);
    let arguments = arguments(&description.arguments, &typescript);
    let reply = description.reply.map(|reply| {
        let reply = with_binary(&reply, &typescript);
        quote!(signature.reply::<#reply>();)
    });
    let ident = &input.ident;
    let (impl_generics, type_generics, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #typescript::TypeScript for #ident #type_generics #bounds {
            fn describe(signature: &mut #typescript::Signature<'_>) {
                #(signature.docs(#docs);)*
                #arguments
                #reply
            }
        }
    })
}

fn arguments(arguments: &Arguments<'_>, typescript: &TokenStream) -> TokenStream {
    let Arguments::Fields(fields) = arguments else {
        return quote!(signature.argument::<Self>("data"););
    };
    fields
        .iter()
        .enumerate()
        .map(|(index, argument)| described(index, argument, typescript))
        .collect()
}

fn described(index: usize, argument: &Argument<'_>, typescript: &TokenStream) -> TokenStream {
    let name = match &argument.field.ident {
        Some(ident) => ident.unraw(),
        None => format_ident!("arg{index}"),
    };
    let name = name.to_string();
    match &argument.ts {
        Some(ts) => quote!(signature.argument_as(#name, #ts);),
        None => {
            let ty = with_binary(&argument.field.ty, typescript);
            quote!(signature.argument::<#ty>(#name);)
        }
    }
}

/// Puts `Binary` in the place of each `Bytes`: that type is not ours to describe, and ts-rs takes it
/// for an array of numbers.
fn with_binary(ty: &Type, typescript: &TokenStream) -> Type {
    let mut ty = ty.clone();
    replace_bytes(&mut ty, typescript);
    ty
}

fn replace_bytes(ty: &mut Type, typescript: &TokenStream) {
    match ty {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last_mut() else {
                return;
            };
            if last.ident == "Bytes" && last.arguments.is_none() {
                *ty = parse_quote!(#typescript::Binary);
            } else if let PathArguments::AngleBracketed(generics) = &mut last.arguments {
                for generic in &mut generics.args {
                    if let GenericArgument::Type(inner) = generic {
                        replace_bytes(inner, typescript);
                    }
                }
            }
        }
        Type::Tuple(tuple) => {
            for inner in &mut tuple.elems {
                replace_bytes(inner, typescript);
            }
        }
        Type::Array(array) => replace_bytes(&mut array.elem, typescript),
        Type::Paren(inner) => replace_bytes(&mut inner.elem, typescript),
        Type::Group(inner) => replace_bytes(&mut inner.elem, typescript),
        _ => {}
    }
}

/// The lines of the documentation, in order.
fn docs(attributes: &[Attribute]) -> Vec<String> {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(meta) = &attribute.meta else {
            return None;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &meta.value
        else {
            return None;
        };
        meta.path.is_ident("doc").then(|| text.value())
    });
    let lines: Vec<_> = lines.collect();
    let lines = lines.iter().flat_map(|text| text.split('\n'));
    lines.map(|line| line.trim().to_owned()).collect()
}
