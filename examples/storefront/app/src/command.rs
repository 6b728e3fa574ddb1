//! The command line. Five forms need no library; an argument that is not understood is never ignored.

use std::path::PathBuf;

use crate::error::Error;

pub const HELP: &str = "\
The web shop of Liftlock's example.

Usage:
  storefront serve --config FILE                     answer requests until SIGTERM
  storefront schema version --database FILE          print the version of the schema, 0 if there is no file
  storefront schema up --to N --database FILE        bring the schema up to version N
  storefront schema down --to N --database FILE      take the schema down to version N
  storefront --version                               print the version of this program
  storefront --help                                  print this text";

#[derive(Debug, PartialEq)]
pub enum Command {
    Help,
    Version,
    Serve { config: PathBuf },
    Schema { schema: Schema, database: PathBuf },
}

#[derive(Debug, PartialEq)]
pub enum Schema {
    Version,
    Up { to: i64 },
    Down { to: i64 },
}

impl Command {
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, Error> {
        let words: Vec<String> = arguments.collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if words.iter().any(|word| matches!(*word, "--help" | "-h")) {
            return Ok(Command::Help);
        }
        match words.as_slice() {
            [] => Err(Error::Usage("a command is missing".into())),
            ["--version" | "-V"] => Ok(Command::Version),
            ["serve", options @ ..] => {
                let mut options = Options::parse(options)?;
                let config = options.take("--config")?.into();
                options.end(Command::Serve { config })
            }
            ["schema", action @ ("version" | "up" | "down"), options @ ..] => {
                let mut options = Options::parse(options)?;
                let database = options.take("--database")?.into();
                let schema = match *action {
                    "up" => Schema::Up { to: options.take_version("--to")? },
                    "down" => Schema::Down { to: options.take_version("--to")? },
                    _ => Schema::Version,
                };
                options.end(Command::Schema { schema, database })
            }
            ["schema"] => Err(Error::Usage("`schema` needs one of `version`, `up`, `down`".into())),
            ["schema", other, ..] => Err(Error::Usage(format!("`schema {other}` is not a command"))),
            [other, ..] => Err(Error::Usage(format!("`{other}` is not a command"))),
        }
    }
}

/// The pairs `--name value` that follow a command and are not taken yet.
struct Options<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Options<'a> {
    fn parse(words: &[&'a str]) -> Result<Self, Error> {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        for pair in words.chunks(2) {
            let name = pair[0];
            if !name.starts_with("--") {
                return Err(Error::Usage(format!("`{name}` is not an option")));
            }
            let [_, value] = pair else {
                return Err(Error::Usage(format!("`{name}` needs a value")));
            };
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Error::Usage(format!("`{name}` is given twice")));
            }
            pairs.push((name, value));
        }
        Ok(Options(pairs))
    }

    fn take(&mut self, name: &str) -> Result<&'a str, Error> {
        match self.0.iter().position(|(known, _)| *known == name) {
            Some(index) => Ok(self.0.remove(index).1),
            None => Err(Error::Usage(format!("`{name}` is missing"))),
        }
    }

    fn take_version(&mut self, name: &str) -> Result<i64, Error> {
        let value = self.take(name)?;
        value.parse().map_err(|_| Error::Usage(format!("`{value}` after `{name}` is not a whole number")))
    }

    fn end(self, command: Command) -> Result<Command, Error> {
        match self.0.first() {
            None => Ok(command),
            Some((name, _)) => Err(Error::Usage(format!("`{name}` is not an option of this command"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Command::parse(line.split_whitespace().map(String::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn options_may_come_in_any_order() {
        let up = Command::Schema { schema: Schema::Up { to: 2 }, database: "shop.db".into() };
        assert_eq!(parse("schema up --to 2 --database shop.db").as_ref(), Ok(&up));
        assert_eq!(parse("schema up --database shop.db --to 2").as_ref(), Ok(&up));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (line, says) in [
            ("", "a command is missing"),
            ("sell", "`sell` is not a command"),
            ("schema sideways", "`schema sideways` is not a command"),
            ("serve", "`--config` is missing"),
            ("serve --config", "`--config` needs a value"),
            ("serve shop.toml", "`shop.toml` is not an option"),
            ("serve --config a --config b", "`--config` is given twice"),
            ("serve --config a --port 1", "`--port` is not an option of this command"),
            ("schema up --to two --database a", "`two` after `--to` is not a whole number"),
            ("schema version --to 1 --database a", "`--to` is not an option of this command"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.starts_with(says), "{line}: {error}");
        }
    }
}
