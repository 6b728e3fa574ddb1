//! Release files as teams write them, made of a seed: each about a hundred lines, with environments, an artifact and a
//! pipeline of its own, and without findings.

use std::fmt::Write as _;

/// Marsaglia's xorshift: the same files on every machine.
pub struct Random(pub u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let drawn = self.0 % u64::try_from(bound).unwrap_or(1);
        usize::try_from(drawn).unwrap_or(0)
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

const TEAMS: &[&str] =
    &["atlas", "billing", "catalog", "delta", "ember", "fleet", "garden", "harbor", "ingest", "juniper"];
const PARTS: &[&str] = &["api", "worker", "gateway", "scheduler", "store", "search", "mailer", "ledger"];
const PEOPLE: &[&str] = &["ada", "grace", "edsger", "barbara", "tony", "leslie", "margaret", "niklaus"];

/// The file with the number `at`. No two files declare the same name, so that one file may import them all.
pub fn file(random: &mut Random, at: usize) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_file(&mut text, random, at);
    text
}

fn write_file(text: &mut String, random: &mut Random, at: usize) -> std::fmt::Result {
    let (team, part) = (random.one_of(TEAMS), random.one_of(PARTS));
    let name = format!("{team}-{part}-{at}");
    let port = 4000 + random.below(5000);
    let people = (random.one_of(PEOPLE), random.below(7));
    writeln!(text, "edition 2026\n\n# How the {part} of team {team} is released.\n")?;
    writeln!(
        text,
        "settings {{\n  root-{at}: path\n  url-{at}: url\n  workers-{at}: int = 2\n  hosts-{at}: list<host>\n}}\n"
    )?;
    let mut before = None;
    for (level, protected) in [("dev", false), ("staging", false), ("production", true)] {
        writeln!(text, "environment {level}-{at} {{")?;
        if let Some(before) = before {
            writeln!(text, "  requires = [{before}-{at}]")?;
        }
        if protected {
            writeln!(text, "  protected = true")?;
        }
        let hosts: Vec<String> =
            (0..2 + random.below(3)).map(|host| format!("\"{level}-{host}.{team}.example\"")).collect();
        writeln!(text, "  root-{at}    = \"/srv/{level}/{name}\"")?;
        writeln!(text, "  url-{at}     = \"https://{level}.{name}.example:{port}\"")?;
        writeln!(text, "  workers-{at} = {}", 1 + random.below(16))?;
        writeln!(text, "  hosts-{at}   = [{}]\n}}\n", hosts.join(", "))?;
        before = Some(level);
    }
    let other = PEOPLE[(people.1 + usize::from(PEOPLE[people.1] == people.0)) % PEOPLE.len()];
    writeln!(text, "group keepers-{at} {{ members = [\"{}\", \"{other}\"] }}\n", people.0)?;
    writeln!(text, "input version-{at}: semver\n\nlet home-{at} = \"releases/{part}\"\n")?;
    writeln!(
        text,
        "# The name by which a version is known.\nfunction tag-{at}(version: semver, prefix: string = \"v\"): string = \"${{prefix}}${{version}}\"\n"
    )?;
    writeln!(text, "# What {part} runs: one archive, the same bytes everywhere.\nartifact {name} {{")?;
    writeln!(text, "  version = input.version-{at}\n  sources = [\"{part}/**\", \"ops/*.sh\"]")?;
    writeln!(
        text,
        "  build   = `ops/build --jobs {} ${{file}}`\n  file    = \"dist/{name}-${{version}}.tar.gz\"\n}}\n",
        1 + random.below(8)
    )?;
    write_pipeline(text, random, at, &name, port)
}

fn write_pipeline(text: &mut String, random: &mut Random, at: usize, name: &str, port: usize) -> std::fmt::Result {
    writeln!(
        text,
        "pipeline {name} {{\n  promote artifact.{name} through dev-{at} -> staging-{at} -> production-{at}\n"
    )?;
    writeln!(
        text,
        "  before production-{at} {{\n    soak steady {{ environment = staging-{at}, for = {}m }}",
        5 + random.below(50)
    )?;
    writeln!(
        text,
        "    approval go {{ from = group.keepers-{at}, need = 1, expires = {}h }}\n  }}\n",
        1 + random.below(48)
    )?;
    writeln!(text, "  deploy {{\n    let where = \"${{env.root-{at}}}/${{home-{at}}}/${{release.version}}\"\n")?;
    writeln!(text, "    directory releases {{ path = \"${{env.root-{at}}}/${{home-{at}}}\" }}\n")?;
    writeln!(text, "    # The release beside those that are there already.\n    step unpack {{")?;
    writeln!(text, "      observe    = `ops/installed ${{where}}`\n      desired    = release.version")?;
    writeln!(
        text,
        "      run        = `ops/unpack ${{artifact.{name}.file}} ${{where}} --tag ${{tag-{at}(version: release.version)}}`"
    )?;
    writeln!(
        text,
        "      rollback   = `rm -rf ${{where}}`\n      idempotent = true\n      retry      = {{ times = 3, wait = 2s }}\n    }}\n"
    )?;
    writeln!(text, "    file config {{\n      path    = \"${{where}}/config.toml\"\n      content = \"\"\"")?;
    writeln!(
        text,
        "        listen  = \"0.0.0.0:{port}\"\n        workers = ${{env.workers-{at}}}\n        url     = \"${{env.url-{at}}}\"\n      \"\"\"\n    }}\n"
    )?;
    if random.below(2) == 0 {
        writeln!(
            text,
            "    # Machines are told one after the other.\n    each host in env.hosts-{at} {{\n      at_most = 50%\n"
        )?;
        writeln!(text, "      refresh restart {{ run = `ops/restart ${{host}} --port {port}` }}")?;
        writeln!(text, "      tcp up {{ host = host, port = {port}, within = {}s }}\n    }}\n", 5 + random.below(50))?;
    } else {
        writeln!(text, "    when env.workers-{at} > 1 {{\n      step scale {{")?;
        writeln!(text, "        run        = `ops/scale ${{where}} ${{env.workers-{at} * 2}}`")?;
        writeln!(
            text,
            "        rollback   = `ops/scale ${{where}} ${{env.workers-{at}}}`\n        idempotent = true\n      }}\n    }}\n"
        )?;
    }
    writeln!(
        text,
        "    phase switch {{\n      link current {{\n        path   = \"${{env.root-{at}}}/current\"\n        target = \"${{home-{at}}}/${{release.version}}\"\n      }}\n"
    )?;
    writeln!(
        text,
        "      refresh service {{ run = `ops/service restart ${{env.root-{at}}} --wait {}s` }}\n    }}\n  }}\n",
        random.below(60)
    )?;
    writeln!(
        text,
        "  verify {{\n    http health {{ url = \"${{env.url-{at}}}/health\", status = 200, within = {}s }}",
        5 + random.below(50)
    )?;
    writeln!(
        text,
        "    http serves {{ url = \"${{env.url-{at}}}/version\", contains = release.version, within = 5s }}"
    )?;
    writeln!(
        text,
        "    each host in env.hosts-{at} {{\n      tcp open {{ host = host, port = {port} }}\n    }}\n  }}\n"
    )?;
    writeln!(
        text,
        "  on failure {{\n    rollback = stage\n    notify team {{ run = `ops/tell {name} ${{failure.summary}}` }}\n  }}\n}}"
    )
}
