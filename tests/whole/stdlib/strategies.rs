//! `std/strategies`, on machines, weights and sides that are files.

use super::site::{shell, site};
use crate::project::Project;

const HOST: &str = r#"#!/bin/sh -eu
# Machines are folders: who gets traffic, and what runs there.
at=srv/$(eval "echo \$$#")
case $1 in
  traffic) cat "$at/traffic" ;;
  out | in) echo "$1" > "$at/traffic"; echo "$1 $at" >> srv/log ;;
  version) cat "$at/version" ;;
  change) echo "$2" > "$at/version"; echo "change $at" >> srv/log ;;
  undo) at=srv/$2; echo "$3" > "$at/version"; echo "undo $at" >> srv/log ;;
  judge) test ! -e "$at/broken" ;;
esac
"#;

const WEIGHT: &str = r#"#!/bin/sh -eu
case $1 in
  get) cat srv/weight ;;
  set) echo "$2" > srv/weight; echo "weight $2" >> srv/log ;;
esac
"#;

const SIDE: &str = r#"#!/bin/sh -eu
case $1 in
  live) cat srv/live ;;
  switch) echo "$2" > srv/live; echo "live $2" >> srv/log ;;
  version) cat "srv/$2" ;;
  change) echo "$2" > "srv/$3" ;;
  undo) echo "$3" > "srv/$2" ;;
  judge) test "$(cat "srv/$2")" = 2; echo "judged $2" >> srv/log ;;
esac
"#;

fn fleet() -> Project {
    let site = site("strategies");
    for (name, text) in [("host", HOST), ("weight", WEIGHT), ("side", SIDE)] {
        site.write(&format!("ops/{name}"), text);
    }
    for host in ["web-1", "web-2", "web-3"] {
        site.write(&format!("srv/{host}/traffic"), "in\n");
        site.write(&format!("srv/{host}/version"), "1\n");
    }
    for (name, text) in [("weight", "0\n"), ("live", "green\n"), ("blue", "0\n"), ("green", "1\n"), ("log", "")] {
        site.write(&format!("srv/{name}"), text);
    }
    shell(&site, "chmod +x ops/*");
    site
}

fn state(site: &Project) -> Vec<(String, String)> {
    site.tree("srv").into_iter().filter(|(name, _)| name != "srv/log" && !name.ends_with("broken")).collect()
}

fn release(site: &Project, inputs: &[&str], code: i32) -> String {
    let mut arguments = vec!["run", "strategies", "--yes"];
    arguments.extend(inputs.iter().flat_map(|input| ["--set", input]));
    site.liftlock(&arguments).expect(code).stdout
}

#[test]
fn a_release_reaches_everything_bit_by_bit_and_goes_back() {
    let site = fleet();
    let before = state(&site);
    release(&site, &[], 0);
    let log = site.read("srv/log");
    // Two of three at once; the third waits until they are back in.
    let third = log.find("out srv/web-3").unwrap();
    assert!(log.find("in srv/web-1").unwrap() < third, "{log}");
    assert!(log.contains("weight 10\nweight 50\nweight 100\njudged blue\nlive blue\njudged blue\n"), "{log}");
    assert_eq!(site.read("srv/web-3/version"), "2\n");
    assert_eq!(
        (site.read("srv/live"), site.read("srv/blue"), site.read("srv/green")),
        ("blue\n".into(), "2\n".into(), "1\n".into())
    );
    site.liftlock(&["drift", "dev"]).expect(0);
    site.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(state(&site), before);
}

#[test]
fn a_machine_that_does_not_do_its_work_stops_the_rest() {
    let site = fleet();
    site.write("srv/web-3/broken", "");
    let before = state(&site);
    let ended = release(&site, &[], 1);
    assert!(ended.contains("works") && ended.contains("is restored"), "{ended}");
    assert_eq!(state(&site), before);
    let log = site.read("srv/log");
    assert!(
        log.contains("change srv/web-3") && !log.contains("in srv/web-3\nchange") && !log.contains("weight"),
        "{log}"
    );
}

#[test]
fn a_canary_that_is_judged_ill_goes_back_to_the_share_it_began_with() {
    let site = fleet();
    site.write("srv/weight", "3\n");
    let before = state(&site);
    let ended = release(&site, &["too_much=50"], 1);
    assert!(ended.contains("weight[50]/judged") && ended.contains("is restored"), "{ended}");
    assert_eq!(state(&site), before);
    let log = site.read("srv/log");
    assert!(log.contains("weight 50") && !log.contains("weight 100") && !log.contains("live"), "{log}");
}

#[test]
fn what_fails_behind_the_switch_makes_the_other_side_live_again() {
    let site = fleet();
    let before = state(&site);
    let ended = release(&site, &["broken=true"], 1);
    assert!(ended.contains("is restored"), "{ended}");
    assert_eq!(state(&site), before);
    assert!(site.read("srv/log").contains("live blue\njudged blue\nlive green\n"), "{}", site.read("srv/log"));
}
