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

/// What pipelines are released to, one of them or many.
pub fn environments(random: &mut Random) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_environments(&mut text, random);
    text
}

/// The pipeline with the number `at` and what belongs to it alone. No two declare the same name, so that one file may import
/// them all.
pub fn pipeline(random: &mut Random, at: usize) -> String {
    let mut text = String::new();
    let _ = write_pipeline(&mut text, random, at);
    text
}

fn write_environments(text: &mut String, random: &mut Random) -> std::fmt::Result {
    let (team, port) = (random.one_of(TEAMS), 4000 + random.below(5000));
    writeln!(
        text,
        "edition 2026\n\nsettings {{\n  root: path\n  url: url\n  workers: int = 2\n  hosts: list<host>\n}}\n"
    )?;
    let mut before = None;
    for (level, protected) in [("dev", false), ("staging", false), ("production", true)] {
        writeln!(text, "environment {level} {{")?;
        if let Some(before) = before {
            writeln!(text, "  requires = [{before}]")?;
        }
        if protected {
            writeln!(text, "  protected = true")?;
        }
        let hosts: Vec<String> =
            (0..2 + random.below(3)).map(|host| format!("\"{level}-{host}.{team}.example\"")).collect();
        writeln!(text, "  root    = \"/srv/{level}/{team}\"")?;
        writeln!(text, "  url     = \"https://{level}.{team}.example:{port}\"")?;
        writeln!(text, "  workers = {}", 1 + random.below(16))?;
        writeln!(text, "  hosts   = [{}]\n}}\n", hosts.join(", "))?;
        before = Some(level);
    }
    Ok(())
}

fn write_pipeline(text: &mut String, random: &mut Random, at: usize) -> std::fmt::Result {
    let (team, part) = (random.one_of(TEAMS), random.one_of(PARTS));
    let name = format!("{team}-{part}-{at}");
    let port = 4000 + random.below(5000);
    let people = (random.one_of(PEOPLE), random.below(7));
    writeln!(text, "# How the {part} of team {team} is released.\n")?;
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
    write_stages(text, random, at, &name, port)
}

fn write_stages(text: &mut String, random: &mut Random, at: usize, name: &str, port: usize) -> std::fmt::Result {
    writeln!(text, "pipeline {name} {{\n  promote artifact.{name} through dev -> staging -> production\n")?;
    writeln!(
        text,
        "  before production {{\n    soak steady {{ environment = staging, for = {}m }}",
        5 + random.below(50)
    )?;
    writeln!(
        text,
        "    approval go {{ from = group.keepers-{at}, need = 1, expires = {}h }}\n  }}\n",
        1 + random.below(48)
    )?;
    writeln!(text, "  deploy {{\n    let where = \"${{env.root}}/${{home-{at}}}/${{release.version}}\"\n")?;
    writeln!(text, "    directory releases {{ path = \"${{env.root}}/${{home-{at}}}\" }}\n")?;
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
        "        listen  = \"0.0.0.0:{port}\"\n        workers = ${{env.workers}}\n        url     = \"${{env.url}}\"\n      \"\"\"\n    }}\n"
    )?;
    if random.below(2) == 0 {
        writeln!(
            text,
            "    # Machines are told one after the other.\n    each host in env.hosts {{\n      at_most = 50%\n"
        )?;
        writeln!(text, "      refresh restart {{ run = `ops/restart ${{host}} --port {port}` }}")?;
        writeln!(text, "      tcp up {{ host = host, port = {port}, within = {}s }}\n    }}\n", 5 + random.below(50))?;
    } else {
        writeln!(text, "    when env.workers > 1 {{\n      step scale {{")?;
        writeln!(text, "        run        = `ops/scale ${{where}} ${{env.workers * 2}}`")?;
        writeln!(
            text,
            "        rollback   = `ops/scale ${{where}} ${{env.workers}}`\n        idempotent = true\n      }}\n    }}\n"
        )?;
    }
    writeln!(
        text,
        "    phase switch {{\n      link current {{\n        path   = \"${{env.root}}/current\"\n        target = \"${{home-{at}}}/${{release.version}}\"\n      }}\n"
    )?;
    writeln!(
        text,
        "      refresh service {{ run = `ops/service restart ${{env.root}} --wait {}s` }}\n    }}\n  }}\n",
        random.below(60)
    )?;
    writeln!(
        text,
        "  verify {{\n    http health {{ url = \"${{env.url}}/health\", status = 200, within = {}s }}",
        5 + random.below(50)
    )?;
    writeln!(text, "    http serves {{ url = \"${{env.url}}/version\", contains = release.version, within = 5s }}")?;
    writeln!(text, "    each host in env.hosts {{\n      tcp open {{ host = host, port = {port} }}\n    }}\n  }}\n")?;
    writeln!(
        text,
        "  on failure {{\n    rollback = stage\n    notify team {{ run = `ops/tell {name} ${{failure.summary}}` }}\n  }}\n}}"
    )
}
