//! A preview is run for what the plan would change, and for nothing else.

use liftlock_plan::{Change, Plan, Step};

use crate::site::{Seen, Site, plan, sh, step};

/// A step whose state is in `now`, and which is to be `2`.
fn scale() -> Step {
    Step {
        observe: Some(sh("cat now")),
        desired: Some("2".to_owned()),
        preview: Some(sh("echo looked >> previews; echo one more host")),
        rollback: Some(sh("echo 1 > now")),
        ..step(sh("echo 2 > now"))
    }
}

fn observed(site: &Site, mut plan: Plan) -> Change {
    let observations = site.observe(&plan);
    plan.observe(&observations);
    let effect = plan.stages().flat_map(|stage| stage.effects()).next().unwrap();
    effect.change.clone()
}

#[test]
fn what_would_change_is_previewed_beside_what_is_observed() {
    let site = Site::new();
    site.write("now", "1\n");
    let change = observed(&site, plan(vec![("scale", scale())]));
    assert!(matches!(&change, Change::Diff { diff, .. } if diff.contains("-1\n+2\n")), "{change:?}");
    assert_eq!(change.preview(), Some("one more host\n"));
}

#[test]
fn a_preview_that_fails_says_why() {
    let site = Site::new();
    site.write("now", "1\n");
    let change = observed(&site, plan(vec![("scale", Step { preview: Some(sh("exit 3")), ..scale() })]));
    assert!(change.preview().is_some_and(|text| text.starts_with("the preview failed: status 3")), "{change:?}");
}

#[test]
fn what_is_in_place_is_not_previewed() {
    let site = Site::new();
    site.write("now", "2\n");
    assert_eq!(observed(&site, plan(vec![("scale", scale())])), Change::InPlace);
    assert_eq!(site.read("previews"), "");
}

#[test]
fn a_way_back_is_not_previewed_by_what_the_way_there_would_change() {
    let site = Site::new();
    site.write("now", "1\n");
    site.run(&plan(vec![("scale", scale())]), &Seen::default());
    let change = observed(&site, site.rollback());
    assert!(matches!(change, Change::Diff { preview: None, .. }), "{change:?}");
    assert_eq!(site.read("previews"), "");
}
