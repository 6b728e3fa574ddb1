//! `std/terraform`, with a real Terraform and resources that need no provider.

use super::site::{have, shell, site};
use crate::project::Project;

const ONE: &str = r#"variable "size" { type = number }
resource "terraform_data" "net" { input = "one ${var.size}" }
"#;

/// Changes what is there, and then fails at what is new.
const HALF: &str = r#"variable "size" { type = number }
resource "terraform_data" "net" { input = "two ${var.size}" }
resource "terraform_data" "second" {
  input = terraform_data.net.output
  provisioner "local-exec" { command = "false" }
}
"#;

fn infrastructure(configuration: &str) -> Project {
    let site = site("terraform");
    site.write("infra/main.tf", configuration);
    site.write("infra/dev.tfvars", "size = 3\n");
    site
}

/// The resources with their identities.
fn state(site: &Project) -> String {
    shell(site, "terraform -chdir=infra show -no-color 2> infra.log")
}

#[test]
fn what_terraform_has_made_goes_back_by_the_configuration_of_before() {
    if !have(&["terraform"]) {
        return;
    }
    let site = infrastructure(ONE);
    site.liftlock(&["run", "terraform", "--yes", "--set", "broken=true"]).expect(1);
    assert!(!state(&site).contains("terraform_data"), "{}", state(&site));
    site.liftlock(&["run", "terraform", "--yes"]).expect(0);
    let before = state(&site);
    assert!(before.contains("one 3"), "{before}");
    site.liftlock(&["plan", "terraform", "--detailed-exitcode"]).expect(0);

    site.write("infra/main.tf", HALF);
    let ended = site.liftlock(&["run", "terraform", "--yes"]).expect(1);
    assert!(ended.stdout.contains("is restored"), "{}", ended.stdout);
    assert_eq!(state(&site), before);

    site.write("infra/main.tf", &ONE.replace("one", "three"));
    site.liftlock(&["run", "terraform", "--yes"]).expect(0);
    assert!(state(&site).contains("three 3"), "{}", state(&site));
    site.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(state(&site), before);
}

#[test]
fn what_nobody_has_released_is_not_taken_over_with_a_change_and_never_destroyed() {
    if !have(&["terraform"]) {
        return;
    }
    let site = infrastructure(ONE);
    shell(
        &site,
        "terraform -chdir=infra init > infra.log 2>&1; terraform -chdir=infra apply -auto-approve -var-file=dev.tfvars > infra.log 2>&1",
    );
    let before = state(&site);
    site.write("infra/main.tf", &ONE.replace("one", "other"));
    let ended = site.liftlock(&["run", "terraform", "--yes"]).expect(1);
    assert!(ended.stdout.contains("nobody knows by which configuration"), "{}", ended.stdout);
    assert_eq!(state(&site), before);

    site.write("infra/main.tf", ONE);
    site.liftlock(&["run", "terraform", "--yes"]).expect(0);
    site.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(state(&site), before);
}
