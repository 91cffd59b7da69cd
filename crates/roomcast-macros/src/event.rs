//! `#[derive(Event)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Generics, Member, Path, Result, parse_quote};

use crate::attributes::{Argument, Arguments, Description};

pub(crate) fn derive(input: &DeriveInput, default_crate: &Path) -> Result<TokenStream> {
    let Description {
        name,
        reply,
        krate,
        arguments,
    } = Description::of(input, default_crate)?;
    let support = quote!(#krate::__derive);
    let reply = match &reply {
        Some(reply) => quote!(#reply),
        None => quote!(#support::NoReply),
    };
    let (args, read) = match &arguments {
        Arguments::Fields(fields) => (spread(fields), built(fields)),
        Arguments::Object => object(input),
    };
    let ident = &input.ident;
    let generics = with_serde(&input.generics, &support);
    let (impl_generics, type_generics, bounds) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #support::Event for #ident #type_generics #bounds {
            const NAME: &'static str = #name;
            type Reply = #reply;

            fn args(&self) -> impl #support::Serialize {
                #args
            }

            fn read<__R: #support::ReadArguments>(
                __arguments: &mut __R,
            ) -> ::core::result::Result<Self, __R::Error> {
                ::core::result::Result::Ok(#read)
            }
        }
    })
}

/// The fields as a tuple, which an emit spreads.
fn spread(fields: &[Argument<'_>]) -> TokenStream {
    let has_some = !fields.is_empty();
    let fields = members(fields).map(|(member, argument)| {
        let span = argument.field.ty.span();
        quote_spanned!(span=> &self.#member,)
    });
    match has_some {
        true => quote!((#(#fields)*)),
        false => TokenStream::new(),
    }
}

/// The struct, built of one argument for each field. Rust evaluates them in this order.
fn built(fields: &[Argument<'_>]) -> TokenStream {
    let fields = members(fields).map(|(member, argument)| {
        let ty = &argument.field.ty;
        quote!(#member: __arguments.next::<#ty>()?,)
    });
    quote!(Self { #(#fields)* })
}

/// The struct itself as the only argument.
fn object(input: &DeriveInput) -> (TokenStream, TokenStream) {
    let span = input.ident.span();
    (
        quote_spanned!(span=> (self,)),
        quote_spanned!(span=> __arguments.next::<Self>()?),
    )
}

fn members<'f, 'a>(fields: &'f [Argument<'a>]) -> impl Iterator<Item = (Member, &'f Argument<'a>)> {
    fields.iter().enumerate().map(|(index, argument)| {
        let member = match &argument.field.ident {
            Some(ident) => Member::Named(ident.clone()),
            None => Member::Unnamed(index.into()),
        };
        (member, argument)
    })
}

/// Asks of each type parameter what the arguments need.
fn with_serde(generics: &Generics, support: &TokenStream) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.extend::<[syn::TypeParamBound; 3]>([
            parse_quote!(#support::Serialize),
            parse_quote!(#support::DeserializeOwned),
            parse_quote!('static),
        ]);
    }
    generics
}
