//! What `#[event(…)]` says about a struct and its fields.

use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, LitStr, Path, Result, Type};

/// Names that no event may have; `roomcast_socketio::RESERVED_EVENTS`, which a test compares.
pub(crate) const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// More would not fit into a tuple that serde knows.
const MAX_ARGUMENTS: usize = 16;

/// An event as its struct describes it.
pub(crate) struct Description<'a> {
    pub(crate) name: LitStr,
    pub(crate) reply: Option<Type>,
    pub(crate) krate: Path,
    pub(crate) arguments: Arguments<'a>,
}

/// What the arguments of an event are.
pub(crate) enum Arguments<'a> {
    /// The fields, in order.
    Fields(Vec<Argument<'a>>),
    /// The struct itself.
    Object,
}

/// One field.
pub(crate) struct Argument<'a> {
    pub(crate) field: &'a Field,
    /// Its type in TypeScript, where it is given.
    pub(crate) ts: Option<LitStr>,
}

impl<'a> Description<'a> {
    pub(crate) fn of(input: &'a DeriveInput, default_crate: &Path) -> Result<Self> {
        let fields = fields(input)?;
        let mut options = Options::default();
        for attribute in event_attributes(&input.attrs) {
            attribute.parse_nested_meta(|meta| options.read(&meta))?;
        }
        let Some(name) = options.name else {
            let text = "an event needs a name: `#[event(name = \"…\")]`";
            return Err(Error::new(input.ident.span(), text));
        };
        if RESERVED.contains(&name.value().as_str()) {
            let text = format!("\"{}\" is a reserved event name", name.value());
            return Err(Error::new(name.span(), text));
        }
        Ok(Self {
            name,
            reply: options.reply,
            krate: options.krate.unwrap_or_else(|| default_crate.clone()),
            arguments: arguments(fields, options.object.as_ref())?,
        })
    }
}

/// The options of the struct that were read.
#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    reply: Option<Type>,
    krate: Option<Path>,
    object: Option<Path>,
}

impl Options {
    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("name") {
            once(&mut self.name, meta, |meta| meta.value()?.parse())
        } else if meta.path.is_ident("reply") {
            once(&mut self.reply, meta, |meta| meta.value()?.parse())
        } else if meta.path.is_ident("crate") {
            once(&mut self.krate, meta, |meta| {
                meta.value()?.call(Path::parse_mod_style)
            })
        } else if meta.path.is_ident("object") {
            once(&mut self.object, meta, |meta| Ok(meta.path.clone()))
        } else {
            Err(meta.error("unknown option: expected `name`, `reply`, `object` or `crate`"))
        }
    }
}

fn once<T>(
    option: &mut Option<T>,
    meta: &ParseNestedMeta<'_>,
    read: impl FnOnce(&ParseNestedMeta<'_>) -> Result<T>,
) -> Result<()> {
    if option.is_some() {
        return Err(meta.error("this option is given twice"));
    }
    *option = Some(read(meta)?);
    Ok(())
}

fn fields(input: &DeriveInput) -> Result<&Fields> {
    let Data::Struct(data) = &input.data else {
        let text = "an event is a struct: its fields are the arguments";
        return Err(Error::new(input.ident.span(), text));
    };
    if let Some(lifetime) = input.generics.lifetimes().next() {
        let text = "an event owns its arguments: it cannot have lifetimes";
        return Err(Error::new(lifetime.span(), text));
    }
    Ok(&data.fields)
}

fn arguments<'a>(fields: &'a Fields, object: Option<&Path>) -> Result<Arguments<'a>> {
    let arguments: Vec<_> = fields.iter().map(argument).collect::<Result<_>>()?;
    let Some(object) = object else {
        return match arguments.get(MAX_ARGUMENTS) {
            Some(beyond) => {
                let text = "an event has at most 16 arguments; `#[event(object)]` sends one object";
                Err(Error::new(beyond.field.span(), text))
            }
            None => Ok(Arguments::Fields(arguments)),
        };
    };
    if !matches!(fields, Fields::Named(_)) {
        let text = "`object` is for structs with named fields";
        return Err(Error::new(object.span(), text));
    }
    match arguments.iter().find_map(|argument| argument.ts.as_ref()) {
        Some(ts) => {
            let text = "a field of an object is described with `#[ts(type = \"…\")]`";
            Err(Error::new(ts.span(), text))
        }
        None => Ok(Arguments::Object),
    }
}

fn argument(field: &Field) -> Result<Argument<'_>> {
    let mut ts = None;
    for attribute in event_attributes(&field.attrs) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("ts") {
                once(&mut ts, &meta, |meta| meta.value()?.parse())
            } else {
                Err(meta.error("unknown option of an argument: expected `ts`"))
            }
        })?;
    }
    Ok(Argument { field, ts })
}

fn event_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("event"))
}
