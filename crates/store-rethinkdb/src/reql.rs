//! Terms of the query language, as JSON.

use std::fmt;

use serde_json::{Map, Value, json};

/// A term: a value, or an operation with its arguments and options.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term(Value);

/// The operations, with their numbers in the protocol.
#[derive(Clone, Copy, Debug)]
enum Op {
    Datum = 1,
    MakeArray = 2,
    Var = 10,
    Db = 14,
    Table = 15,
    Get = 16,
    Eq = 17,
    Ne = 18,
    Le = 20,
    Add = 24,
    Without = 34,
    Merge = 35,
    Map = 38,
    Filter = 39,
    OrderBy = 41,
    Union = 44,
    Delete = 54,
    Replace = 55,
    Insert = 56,
    DbCreate = 57,
    DbList = 59,
    TableCreate = 60,
    TableList = 62,
    Funcall = 64,
    Branch = 65,
    And = 67,
    Func = 69,
    Limit = 71,
    Desc = 74,
    IndexCreate = 75,
    IndexList = 77,
    GetAll = 78,
    Default = 92,
    ToEpochTime = 102,
    Now = 103,
    IndexWait = 140,
    Changes = 152,
    Args = 154,
    Bracket = 170,
    Config = 174,
    Wait = 177,
    Between = 182,
}

impl Term {
    fn new(op: Op, args: impl IntoIterator<Item = Self>) -> Self {
        Self(json!([op as u32, args.into_iter().map(|arg| arg.0).collect::<Vec<_>>()]))
    }

    /// An operation on this term.
    fn then(self, op: Op, args: impl IntoIterator<Item = Self>) -> Self {
        Self::new(op, [self].into_iter().chain(args))
    }

    /// Adds an option.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Self>) -> Self {
        if let Value::Array(parts) = &mut self.0 {
            if parts.len() == 2 {
                parts.push(Value::Object(Map::new()));
            }
            parts[2][name] = value.into().0;
        }
        self
    }

    /// An object as it is. It may contain arrays, and must contain no terms.
    pub(crate) fn data(object: Map<String, Value>) -> Self {
        Self(json!([Op::Datum as u32, object]))
    }

    pub(crate) fn null() -> Self {
        Self(Value::Null)
    }

    /// An object whose values are terms.
    pub(crate) fn object(fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.0));
        Self(Value::Object(fields.collect()))
    }

    pub(crate) fn array(items: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Op::MakeArray, items)
    }

    /// The items of an array as arguments.
    pub(crate) fn args(array: Self) -> Self {
        Self::new(Op::Args, [array])
    }

    /// A function with one parameter, which has this number. Numbers of nested functions must differ.
    pub(crate) fn func(parameter: u32, body: impl FnOnce(Self) -> Self) -> Self {
        let variable = Self::new(Op::Var, [Self(parameter.into())]);
        Self::new(Op::Func, [Self::array([Self(parameter.into())]), body(variable)])
    }

    /// The function by which an insertion keeps the document that exists.
    pub(crate) fn keep_old() -> Self {
        let parameters = Self::array([1, 2, 3].map(|number| Self(number.into())));
        Self::new(Op::Func, [parameters, Self::new(Op::Var, [Self(2.into())])])
    }

    /// The result of a function for this term.
    pub(crate) fn pipe(self, parameter: u32, body: impl FnOnce(Self) -> Self) -> Self {
        Self::new(Op::Funcall, [Self::func(parameter, body), self])
    }

    pub(crate) fn branch(self, then: Self, otherwise: Self) -> Self {
        self.then(Op::Branch, [then, otherwise])
    }

    pub(crate) fn and(self, other: Self) -> Self {
        self.then(Op::And, [other])
    }

    pub(crate) fn eq(self, other: Self) -> Self {
        self.then(Op::Eq, [other])
    }

    pub(crate) fn ne(self, other: Self) -> Self {
        self.then(Op::Ne, [other])
    }

    pub(crate) fn le(self, other: impl Into<Self>) -> Self {
        self.then(Op::Le, [other.into()])
    }

    /// A text followed by this one.
    pub(crate) fn after(self, text: &str) -> Self {
        Self::from(text).then(Op::Add, [self])
    }

    /// A field of an object.
    pub(crate) fn field(self, name: impl Into<Self>) -> Self {
        self.then(Op::Bracket, [name.into()])
    }

    /// Another value if the field, or the object with it, does not exist.
    pub(crate) fn or(self, other: Self) -> Self {
        self.then(Op::Default, [other])
    }

    pub(crate) fn or_null(self) -> Self {
        self.or(Self::null())
    }

    pub(crate) fn merge(self, other: Self) -> Self {
        self.then(Op::Merge, [other])
    }

    pub(crate) fn without(self, field: &str) -> Self {
        self.then(Op::Without, [field.into()])
    }

    pub(crate) fn map(self, parameter: u32, body: impl FnOnce(Self) -> Self) -> Self {
        self.then(Op::Map, [Self::func(parameter, body)])
    }

    pub(crate) fn filter(self, parameter: u32, body: impl FnOnce(Self) -> Self) -> Self {
        self.then(Op::Filter, [Self::func(parameter, body)])
    }

    /// Rows in the order of an index.
    pub(crate) fn ordered(self, index: &str) -> Self {
        self.then(Op::OrderBy, []).with("index", index)
    }

    /// Rows in the opposite order of an index.
    pub(crate) fn reversed(self, index: &str) -> Self {
        self.then(Op::OrderBy, []).with("index", Self::new(Op::Desc, [index.into()]))
    }

    /// Rows in the order of a field.
    pub(crate) fn sorted(self, field: &str) -> Self {
        self.then(Op::OrderBy, [field.into()])
    }

    /// The first rows. A number beyond the integers of the server, such as that of a caller without a limit, is none.
    pub(crate) fn limit(self, count: usize) -> Self {
        match i32::try_from(count) {
            Ok(count) => self.then(Op::Limit, [Self(count.into())]),
            Err(_) => self,
        }
    }

    pub(crate) fn union(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Op::Union, parts)
    }

    // Databases, tables and indexes.

    pub(crate) fn db(name: &str) -> Self {
        Self::new(Op::Db, [name.into()])
    }

    pub(crate) fn db_list() -> Self {
        Self::new(Op::DbList, [])
    }

    pub(crate) fn db_create(name: &str) -> Self {
        Self::new(Op::DbCreate, [name.into()])
    }

    pub(crate) fn table(self, name: &str) -> Self {
        self.then(Op::Table, [name.into()])
    }

    pub(crate) fn table_list(self) -> Self {
        self.then(Op::TableList, [])
    }

    pub(crate) fn table_create(self, name: &str) -> Self {
        self.then(Op::TableCreate, [name.into()])
    }

    /// The configuration of a table, whatever its name is.
    pub(crate) fn table_by_id(id: &str) -> Self {
        Self::db("rethinkdb").table("table_config").get(id)
    }

    pub(crate) fn config(self) -> Self {
        self.then(Op::Config, [])
    }

    /// Waits until a table can be used.
    pub(crate) fn wait(self) -> Self {
        self.then(Op::Wait, [])
    }

    pub(crate) fn index_list(self) -> Self {
        self.then(Op::IndexList, [])
    }

    /// An index of a field.
    pub(crate) fn index_create(self, field: &str) -> Self {
        self.then(Op::IndexCreate, [field.into()])
    }

    /// Waits until all indexes of a table can be used.
    pub(crate) fn index_wait(self) -> Self {
        self.then(Op::IndexWait, [])
    }

    // Documents.

    pub(crate) fn get(self, key: &str) -> Self {
        self.then(Op::Get, [key.into()])
    }

    pub(crate) fn get_all(self, keys: Self) -> Self {
        self.then(Op::GetAll, [keys])
    }

    /// The documents with keys from `start` on, and before `end`.
    pub(crate) fn between(self, start: &str, end: &str) -> Self {
        self.then(Op::Between, [start.into(), end.into()])
    }

    pub(crate) fn insert(self, documents: Self) -> Self {
        self.then(Op::Insert, [documents])
    }

    /// Replaces each document by the result of a function for it.
    pub(crate) fn replace(self, parameter: u32, body: impl FnOnce(Self) -> Self) -> Self {
        self.then(Op::Replace, [Self::func(parameter, body)])
    }

    pub(crate) fn delete(self) -> Self {
        self.then(Op::Delete, [])
    }

    pub(crate) fn changes(self) -> Self {
        self.then(Op::Changes, [])
    }

    /// The server's clock, in seconds since 1970.
    pub(crate) fn now() -> Self {
        Self::new(Op::Now, []).then(Op::ToEpochTime, [])
    }
}

impl From<&str> for Term {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<bool> for Term {
    fn from(value: bool) -> Self {
        Self(value.into())
    }
}

impl From<usize> for Term {
    fn from(number: usize) -> Self {
        Self(number.into())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_arrays() {
        let table = Term::db("d").table("t").with("read_mode", "majority");
        let text = table.clone().get_all(Term::array(["a".into()])).to_string();
        let table_text = r#"[15,[[14,["d"]],"t"],{"read_mode":"majority"}]"#;
        assert_eq!(text, format!(r#"[78,[{table_text},[2,["a"]]]]"#));
        let text = table.filter(1, |row| row.field("at").le("5")).to_string();
        let function = r#"[69,[[2,[1]],[20,[[170,[[10,[1]],"at"]],"5"]]]]"#;
        assert_eq!(text, format!("[39,[{table_text},{function}]]"));
        assert_eq!(Term::data(Map::new()).to_string(), "[1,{}]");
        assert_eq!(
            Term::from("a").pipe(7, |a| a).to_string(),
            r#"[64,[[69,[[2,[7]],[10,[7]]]],"a"]]"#
        );
    }
}
