//! Plans are what `plan.schema.json` says, and it says nothing that plans are not.

use std::fs;

use liftlock_plan::{EffectKind, Late, Node, Plan, Retry, Secret, Text};
use serde_json::{Value, json};

use crate::project::{Project, repository};

/// Every kind of effect, gate and check that a small project can have.
const RELEASE: &str = r#"edition 2026

environment dev {}
environment production { requires = [dev], protected = true }
group owners { members = ["ada", "grace"] }
calendar office { zone = "Europe/Berlin", allow = [window(days: mon..fri, hours: 09:00..17:00)] }
input version: semver = "1.0.0"

# The one file.
artifact app {
  version = input.version
  sources = ["app.txt"]
  env     = { VERSION = version }
  build   = `cp app.txt app-${version}.txt`
  file    = "app-${version}.txt"
}

# What is released.
pipeline app {
  promote artifact.app through dev -> production

  before production {
    approval go { from = group.owners }
    window office { calendar = calendar.office }
    soak { environment = dev, for = 5s }
    command ready { run = `true` }
  }

  deploy {
    directory data { path = "${env.name}/data" }
    phase switch {
      file config { path = "${env.name}/data/config", content = "x\n" }
      link current { path = "${env.name}/current", target = "data" }
      refresh service { run = `true` }
    }
    step install {
      run      = `cp ${artifact.app.file} ${env.name}/data/app`
      rollback = `rm -f ${env.name}/data/app`
    }
    step look { run = `true`, readonly = true }
    step scale {
      observe  = `sh -c 'cat "$0/scale" 2> /dev/null || echo 1' ${env.name}`
      desired  = "2"
      preview  = `echo one more`
      run      = `sh -c 'echo 2 > "$0/scale"' ${env.name}`
      rollback = `rm -f ${env.name}/scale`
    }
  }

  verify {
    command healthy { run = `true` }
  }
}
"#;

/// Draft 2020-12, as far as the schema uses it; a keyword that is not known here is a mistake in the schema.
fn fits(schema: &Value, root: &Value, value: &Value, at: &str) -> Result<(), String> {
    let fail = |why: &str| Err(format!("{at}: {why}: {value}"));
    for (keyword, wanted) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "required" | "properties" => {}
            "$ref" => {
                let name = wanted.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                fits(root["$defs"].get(name).unwrap_or_else(|| panic!("no {name}")), root, value, at)?;
            }
            "type" => {
                let is = match wanted.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "number" => value.is_number(),
                    "null" => value.is_null(),
                    other => panic!("the type {other}"),
                };
                if !is {
                    return fail(&format!("is no {wanted}"));
                }
            }
            "const" if value != wanted => return fail(&format!("is not {wanted}")),
            "enum" if !wanted.as_array().unwrap().contains(value) => return fail(&format!("is none of {wanted}")),
            "minimum" if value.as_i64() < wanted.as_i64() => return fail(&format!("is below {wanted}")),
            "const" | "enum" | "minimum" => {}
            // Only the two patterns that there are.
            "pattern" => {
                let text = value.as_str().unwrap_or_default();
                let is = match wanted.as_str().unwrap().starts_with("^sha256:") {
                    true => text.parse::<liftlock_names::Digest>().is_ok(),
                    false => text.parse::<liftlock_names::Address>().is_ok(),
                };
                if !is {
                    return fail(&format!("does not match {wanted}"));
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    fits(wanted, root, item, &format!("{at}[{index}]"))?;
                }
            }
            "anyOf" | "oneOf" => {
                let results: Vec<_> = wanted.as_array().unwrap().iter().map(|one| fits(one, root, value, at)).collect();
                let fitting = results.iter().filter(|result| result.is_ok()).count();
                if fitting == 0 || (keyword == "oneOf" && fitting > 1) {
                    return fail(&format!("fits {fitting} of {results:?}"));
                }
            }
            "additionalProperties" => {
                let known = &schema["properties"];
                for (name, item) in value.as_object().into_iter().flatten() {
                    match (known.get(name), wanted) {
                        (Some(schema), _) => fits(schema, root, item, &format!("{at}.{name}"))?,
                        (None, Value::Bool(false)) => return fail(&format!("has `{name}`")),
                        (None, schema) => fits(schema, root, item, &format!("{at}.{name}"))?,
                    }
                }
                for name in schema["required"].as_array().into_iter().flatten() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        return fail(&format!("has no {name}"));
                    }
                }
            }
            other => panic!("the keyword {other}"),
        }
    }
    Ok(())
}

fn schema() -> Value {
    let text = fs::read_to_string(repository().join("crates/liftlock-plan/plan.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
pub fn assert_fits(text: &str) -> Value {
    let (schema, value) = (schema(), serde_json::from_str(text).unwrap());
    fits(&schema, &schema, &value, "plan").unwrap_or_else(|why| panic!("{why}"));
    value
}

#[test]
fn plans_fit_their_schema() {
    let storefront = Project::storefront();
    assert_fits(
        &storefront.liftlock(&["plan", "--values", "releases/1.0.0.toml", "--output", "json"]).expect(0).stdout,
    );

    let project = Project::with(&[("app.release", RELEASE), ("app.txt", "app\n")]);
    project.liftlock(&["plan", "--offline", "--out", "plan.json"]).expect(0);
    assert_fits(&project.read("plan.json"));
    project.liftlock(&["run", "--to", "dev", "--yes"]).expect(0);
    assert_fits(&project.liftlock(&["plan", "--output", "json"]).expect(0).stdout);
    assert_fits(&project.liftlock(&["plan", "--rollback", "dev", "--output", "json"]).expect(0).stdout);
}

#[test]
fn what_is_no_plan_does_not_fit() {
    let project = Project::with(&[("app.release", RELEASE), ("app.txt", "app\n")]);
    let plan = assert_fits(&project.liftlock(&["plan", "--output", "json"]).expect(0).stdout);
    assert!(plan.to_string().contains(r#""preview":"one more\n""#), "a change has a preview: {plan}");
    let schema = schema();
    let edits: [(&str, Value); 5] = [
        ("/plan/format", json!(2)),
        ("/plan/observed", json!("yes")),
        ("/plan/waves/0/0/body/0/effect/change", json!({"change": "guessed"})),
        ("/plan/waves/0/0/coverage", json!({"restored": 1})),
        ("/plan/waves/0/0/body/0/effect/class", json!({"class": "covered", "more": 1})),
    ];
    for (at, edit) in edits {
        let mut plan = plan.clone();
        *plan.pointer_mut(at).unwrap_or_else(|| panic!("{at}")) = edit;
        assert!(fits(&schema, &schema, &plan, "plan").is_err(), "{at}");
    }
}

#[test]
fn what_a_step_can_be_given_besides_fits_too() {
    let project = Project::with(&[("app.release", RELEASE), ("app.txt", "app\n")]);
    let mut saved = assert_fits(&project.liftlock(&["plan", "--output", "json"]).expect(0).stdout);
    let mut plan: Plan = serde_json::from_value(saved["plan"].clone()).unwrap();
    for node in plan.waves.iter_mut().flatten().flat_map(|stage| &mut stage.body) {
        let Node::Effect(effect) = node else { continue };
        let EffectKind::Step(step) = &mut effect.kind else { continue };
        step.retry = Some(Retry { times: 3, wait_ms: 500, factor: 1.5, most_ms: 60_000 });
        step.outputs = vec!["id".to_owned()];
        step.run.on = Some("web-1".into());
        let output = Late::Output { step: "deploy/install".to_owned(), name: "id".to_owned() };
        let secrets = [
            Secret::Env("TOKEN".to_owned()),
            Secret::File("key.pem".to_owned()),
            Secret::Command(vec!["vault".to_owned(), "read".to_owned()]),
        ];
        for (at, late) in secrets.into_iter().map(Late::Secret).chain([output]).enumerate() {
            step.run.env.insert(format!("V{at}"), Text::late(late));
        }
    }
    saved["plan"] = serde_json::to_value(&plan).unwrap();
    assert!(saved["plan"].to_string().contains(r#""secret":{"command":["vault","read"]}"#), "a step was given them");
    assert_fits(&saved.to_string());
    assert_eq!(serde_json::from_value::<Plan>(saved["plan"].clone()).unwrap(), plan);
}
