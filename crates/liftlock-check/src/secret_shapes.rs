//! What looks like a secret: the shapes of well-known keys, and values whose names say what they are.

/// What a text that holds a key is called; `None` where it holds none that is known.
pub fn key_in(text: &str) -> Option<&'static str> {
    // Most texts are shorter than any key. The signs are looked for first, since that takes hardly any time.
    if text.len() >= SHORTEST {
        if text.contains('-') && text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
            return Some("a private key");
        }
        let words = text.split(|char| !word(char)).filter(|word| word.len() >= SHORTEST);
        let known = words.filter_map(|word| KEYS.iter().position(|key| key.begins(word))).min();
        if let Some(key) = known.and_then(|key| KEYS.get(key)) {
            return Some(key.what);
        }
    }
    (text.contains('@') && has_password(text)).then_some("an address with a password")
}

/// Whether a value with this name is a secret, going by both: a word such as `password` in the name, and a value that is
/// no word, no path and no place to look for it.
pub fn is_named_secret(name: &str, value: &str) -> bool {
    const LONGEST: usize = 256;
    let is_one_word = !value.contains(|char: char| char.is_whitespace() || matches!(char, '/' | '$' | '{' | '<'));
    (6..=LONGEST).contains(&value.len()) && is_one_word && says_secret(name) && is_random(value)
}

/// The shape of a key: what it begins with, and at least how many of which characters follow.
struct Key {
    what: &'static str,
    prefix: &'static str,
    least: usize,
    of: fn(char) -> bool,
}

const KEYS: &[Key] = &[
    Key { what: "an access key of AWS", prefix: "AKIA", least: 16, of: upper },
    Key { what: "an access key of AWS", prefix: "ASIA", least: 16, of: upper },
    Key { what: "a token of GitHub", prefix: "ghp_", least: 36, of: alphanumeric },
    Key { what: "a token of GitHub", prefix: "gho_", least: 36, of: alphanumeric },
    Key { what: "a token of GitHub", prefix: "ghs_", least: 36, of: alphanumeric },
    Key { what: "a token of GitHub", prefix: "github_pat_", least: 22, of: word },
    Key { what: "a token of GitLab", prefix: "glpat-", least: 20, of: word },
    Key { what: "a token of Slack", prefix: "xoxb-", least: 20, of: word },
    Key { what: "a token of Slack", prefix: "xoxp-", least: 20, of: word },
    Key { what: "a key of Stripe", prefix: "sk_live_", least: 16, of: alphanumeric },
    Key { what: "a key of Stripe", prefix: "rk_live_", least: 16, of: alphanumeric },
    Key { what: "a key of Google", prefix: "AIza", least: 35, of: word },
    Key { what: "a token of npm", prefix: "npm_", least: 36, of: alphanumeric },
];

/// The length of the shortest key.
const SHORTEST: usize = 20;

impl Key {
    /// Whether a word begins with such a key, which has no other characters than words have.
    fn begins(&self, text: &str) -> bool {
        let rest = text.strip_prefix(self.prefix);
        rest.is_some_and(|rest| rest.chars().take_while(|char| (self.of)(*char)).count() >= self.least)
    }
}

fn upper(char: char) -> bool {
    char.is_ascii_uppercase() || char.is_ascii_digit()
}

fn alphanumeric(char: char) -> bool {
    char.is_ascii_alphanumeric()
}

fn word(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
}

/// `scheme://user:password@host`
fn has_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, separator)| {
        let rest = &text[at + separator.len()..];
        let end = rest
            .find(|char: char| char.is_whitespace() || matches!(char, '/' | '?' | '#' | '"' | '\''))
            .unwrap_or(rest.len());
        let Some((user, _)) = rest[..end].rsplit_once('@') else { return false };
        let password = user.split_once(':').map_or("", |(_, password)| password);
        // A variable that is put in later, or a row of one character, stands for a password and is none.
        let is_placeholder = password.starts_with(['$', '<', '{', '%']) || is_one_character(password);
        !password.is_empty() && !is_placeholder
    })
}

fn is_one_character(text: &str) -> bool {
    text.chars().next().is_some_and(|first| text.chars().all(|char| char == first))
}

/// Whether the last words of a name say that its value is a secret: `DB_PASSWORD` and `api-key`, not `PASSWORD_FILE`.
fn says_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let ends = |end: &str| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'));
    [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "api_key",
        "apikey",
        "access_key",
        "secret_key",
        "private_key",
    ]
    .into_iter()
    .any(ends)
}

/// Whether a value is unlikely to be a word that people write: its characters are many (Shannon's entropy, in bits for each),
/// and digits are among its letters.
fn is_random(value: &str) -> bool {
    let mut counts = [0_u32; 256];
    value.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = value.len() as f64;
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum();
    let has = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    entropy >= 2.5 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_their_shape_and_only_as_words() {
        assert_eq!(key_in("id = AKIAIOSFODNN7EXAMPLE"), Some("an access key of AWS"));
        assert_eq!(key_in("XAKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(key_in("AKIA is how they begin"), None);
        assert_eq!(key_in("-----BEGIN OPENSSH PRIVATE KEY-----\nx"), Some("a private key"));
    }

    #[test]
    fn no_key_is_shorter_than_the_shortest() {
        assert_eq!(KEYS.iter().map(|key| key.prefix.len() + key.least).min(), Some(SHORTEST));
        assert_eq!(key_in("AKIAIOSFODNN7EXAMPLE"), Some("an access key of AWS"));
        assert_eq!(key_in("AKIAIOSFODNN7EXAMPL"), None);
    }

    #[test]
    fn an_address_holds_a_password_only_where_one_is_written_out() {
        assert_eq!(key_in("postgres://app:hunter2@db/shop"), Some("an address with a password"));
        for harmless in
            ["https://shop.example.com:8443/a@b", "ssh://git@host/x", "x://app:@h", "x://app:****@h", "x://a:$PASS@h"]
        {
            assert_eq!(key_in(harmless), None, "{harmless}");
        }
    }

    #[test]
    fn a_name_makes_a_secret_only_of_what_looks_like_one() {
        for (name, value) in [("DB_PASSWORD", "hunter2"), ("api-key", "9f86d081884c7d65"), ("TOKEN", "t0psecret")] {
            assert!(is_named_secret(name, value), "{name} {value}");
        }
        let harmless = [
            ("DB_PASSWORD_FILE", "hunter2"),
            ("DB_PASSWORD", "/run/secrets/db1"),
            ("DB_PASSWORD", "required"),
            ("TOKEN", "SHOP_TOKEN"),
            ("TOKENS", "hunter2"),
            ("TOKEN", "111111"),
            ("ÄTOKEN", "é1é1é1é"),
        ];
        for (name, value) in harmless {
            assert!(!is_named_secret(name, value), "{name} {value}");
        }
    }
}
