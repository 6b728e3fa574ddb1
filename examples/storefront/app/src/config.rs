//! The configuration file of the service, as `storefront.release` renders it for an environment.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Host and port.
    pub listen: String,
    /// The SQLite file, relative to the folder that the service is started in.
    pub database: PathBuf,
    /// How many threads answer requests.
    pub workers: NonZeroUsize,
    /// The first line of the shop's page.
    pub greeting: String,
}

pub fn read(path: &Path) -> Result<Config, Error> {
    let text = std::fs::read_to_string(path).map_err(|cause| Error::ReadConfig(path.into(), cause))?;
    toml::from_str(&text).map_err(|cause| Error::ParseConfig(path.into(), cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RENDERED: &str = r#"
        listen   = "127.0.0.1:4101"
        database = "srv/dev/shop.db"
        workers  = 2
        greeting = "Welcome to http://127.0.0.1:4101"
    "#;

    #[test]
    fn what_the_release_renders_is_read() {
        let config: Config = toml::from_str(RENDERED).unwrap();
        assert_eq!(config.listen, "127.0.0.1:4101");
        assert_eq!(config.database, Path::new("srv/dev/shop.db"));
        assert_eq!(config.workers.get(), 2);
    }

    #[test]
    fn a_shop_without_workers_is_refused() {
        assert!(toml::from_str::<Config>(&RENDERED.replace("= 2", "= 0")).is_err());
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        assert!(toml::from_str::<Config>(&RENDERED.replace("workers ", "wrokers ")).is_err());
    }
}
