//! Where a journal in PostgreSQL is.

use std::time::Duration;

use postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure;
use super::tls::Wish;
use crate::StoreError;

/// How long a connection may take to be made, and how long a server may be silent before it is given up.
const SILENCE: Duration = Duration::from_secs(10);

/// An address that was understood, beside its text without a password.
#[derive(Clone)]
pub(super) struct Address {
    pub config: Config,
    pub tls: MakeRustlsConnect,
    pub shown: String,
}

impl Address {
    /// Understands `postgres://USER@HOST:PORT/DATABASE`; `password` stands in for one that it does not hold.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where it is no address, or asks for what this program does not do.
    pub fn parse(text: &str, password: Option<&str>) -> Result<Address, StoreError> {
        let shown = without_password(text);
        let refused = |why: String| StoreError::Refused { address: shown.clone(), why };
        let (text, wish) = Wish::take(text).map_err(refused)?;
        let mut config: Config = text.parse().map_err(|error| refused(failure::words(&error)))?;
        config.ssl_mode(wish.mode());
        let tls = wish.connector().map_err(refused)?;
        if let Some(password) = password.filter(|_| config.get_password().is_none()) {
            config.password(password);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(SILENCE);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        config.keepalives_idle(SILENCE).application_name("liftlock");
        Ok(Address { config, tls, shown })
    }
}

/// The address without what nobody is to read: the password in front of the host, and one among the parameters.
fn without_password(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("postgres", text));
    let (place, parameters) = rest.split_once('?').map_or((rest, ""), |(place, parameters)| (place, parameters));
    // A password may hold what separates the parts of an address, so that the last `@` counts.
    let place = match place.rsplit_once('@') {
        Some((who, place)) => format!("{}@{place}", who.split(':').next().unwrap_or_default()),
        None => place.to_owned(),
    };
    let is_shown = |parameter: &&str| !parameter.to_ascii_lowercase().contains("pass");
    let parameters: Vec<&str> = parameters.split('&').filter(|text| !text.is_empty()).filter(is_shown).collect();
    let mark = if parameters.is_empty() { "" } else { "?" };
    format!("{scheme}://{place}{mark}{}", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (text, shown) in [
            ("postgres://ada@db:5433/releases", "postgres://ada@db:5433/releases"),
            ("postgresql://ada:s3cret@db/releases", "postgresql://ada@db/releases"),
            ("postgres://ada:s3c@ret:@db/releases", "postgres://ada@db/releases"),
            ("postgres://db/x?password=s3cret&user=ada", "postgres://db/x?user=ada"),
            ("postgres:///x?host=/run/postgresql&PASSWORD=s3cret", "postgres:///x?host=/run/postgresql"),
            ("postgres://", "postgres://"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_showing_its_password() {
        for text in ["postgres://ada:s3cret@db:port/x", "postgres://ada:s3cret@db/x?colour=blue"] {
            let Err(StoreError::Refused { address, why }) = Address::parse(text, None) else {
                panic!("`{text}` is taken for an address");
            };
            assert!(!address.contains("s3cret") && !why.contains("s3cret"), "{address}: {why}");
        }
    }

    #[test]
    fn a_password_beside_the_address_does_not_replace_the_one_in_it() {
        let password = |text| Address::parse(text, Some("beside")).unwrap().config.get_password().unwrap().to_owned();
        assert_eq!(password("postgres://ada@db/x"), b"beside");
        assert_eq!(password("postgres://ada:within@db/x"), b"within");
    }

    #[test]
    fn tls_is_asked_for_by_the_connection_and_nothing_less_is_taken() {
        use postgres::config::SslMode;
        let address = Address::parse("postgres://ada@db/x?sslmode=require", None).unwrap();
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
        let result = Address::parse("postgres://ada@db/x?sslmode=prefer", None);
        assert!(matches!(&result, Err(StoreError::Refused { why, .. }) if why.contains("verify-full")));
    }
}
