//! Everything that can go wrong, as one line for a person.

use std::fmt;
use std::path::PathBuf;

#[derive(Debug)]
pub enum Error {
    /// The arguments are not understood.
    Usage(String),
    ReadConfig(PathBuf, std::io::Error),
    ParseConfig(PathBuf, toml::de::Error),
    OpenDatabase(PathBuf, rusqlite::Error),
    Database(rusqlite::Error),
    /// A version of the schema that this program has no migrations for.
    UnknownSchema(i64),
    /// `up` to a version that the database has passed.
    SchemaIsAhead {
        at: i64,
        to: i64,
    },
    /// `down` to a version that the database has not reached.
    SchemaIsBehind {
        at: i64,
        to: i64,
    },
    Listen(String, String),
    Io(std::io::Error),
    /// Every connection stayed in use for too long.
    #[cfg(feature = "eager-pool")]
    NoConnection,
}

impl Error {
    pub fn is_usage(&self) -> bool {
        matches!(self, Error::Usage(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(what) => write!(f, "{what}; `storefront --help` lists the commands"),
            Error::ReadConfig(path, cause) => {
                write!(f, "cannot read the configuration `{}`: {cause}", path.display())
            }
            Error::ParseConfig(path, cause) => {
                write!(f, "the configuration `{}` is not right: {cause}", path.display())
            }
            Error::OpenDatabase(path, cause) => {
                write!(f, "cannot open the database `{}`: {cause}", path.display())
            }
            Error::Database(cause) => write!(f, "the database says: {cause}"),
            Error::UnknownSchema(version) => {
                write!(f, "schema {version} is not known here, only 0 to {}", crate::schema::LATEST)
            }
            Error::SchemaIsAhead { at, to } => {
                write!(f, "the schema is at {at}, past {to}; go there with `storefront schema down`")
            }
            Error::SchemaIsBehind { at, to } => {
                write!(f, "the schema is at {at}, before {to}; go there with `storefront schema up`")
            }
            Error::Listen(address, cause) => write!(f, "cannot listen on `{address}`: {cause}"),
            Error::Io(cause) => write!(f, "{cause}"),
            #[cfg(feature = "eager-pool")]
            Error::NoConnection => write!(f, "every connection is in use"),
        }
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(cause: rusqlite::Error) -> Self {
        Error::Database(cause)
    }
}

impl From<std::io::Error> for Error {
    fn from(cause: std::io::Error) -> Self {
        Error::Io(cause)
    }
}
