//! `std/oci`, with a registry of its own on loopback and skopeo.

use std::process::{Child, Command, Stdio};

use super::faults::{self, When};
use super::site::{eventually, have, shell, site};
use crate::project::{Project, free_port};

struct Registry {
    site: Project,
    daemon: Child,
    address: String,
    /// The digest of the image that `stable` names by hand.
    old: String,
}

impl Registry {
    fn start() -> Option<Self> {
        if !have(&["docker-registry", "skopeo", "curl"]) {
            return None;
        }
        let site = site("oci");
        let address = format!("127.0.0.1:{}", free_port());
        site.write(
            "registry.yaml",
            &format!(
                "version: 0.1\nlog: {{level: error}}\nhttp: {{addr: \"{address}\"}}\nstorage:\n  filesystem: \
                 {{rootdirectory: {}}}\n  delete: {{enabled: true}}\n",
                site.path("registry").display()
            ),
        );
        let daemon = Command::new("docker-registry")
            .arg("serve")
            .arg(site.path("registry.yaml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut registry = Registry { site, daemon, address, old: String::new() };
        let answers = format!("curl -sf http://{}/v2/ || echo nothing", registry.address);
        eventually("the registry answers", || !shell(&registry.site, &answers).contains("nothing"));
        registry.push("shop/web:1");
        registry.old = registry.push("shop/web:stable");
        registry.push("mirror/web:other");
        Some(registry)
    }

    /// Puts an image of its own there, which is nothing but a label, and gives its digest.
    fn push(&self, image: &str) -> String {
        let script = format!(
            r#"mkdir -p image; rm -f image/*; cd image
            printf '{{"architecture":"amd64","os":"linux","config":{{"Labels":{{"is":"{image}"}}}},"rootfs":{{"type":"layers","diff_ids":[]}}}}' > config
            digest=$(sha256sum < config | cut -d ' ' -f 1)
            printf '{{"schemaVersion":2,"mediaType":"%s","config":{{"mediaType":"%s","digest":"sha256:%s","size":%d}},"layers":[]}}' \
              application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.config.v1+json $digest $(wc -c < config) > manifest.json
            mv config $digest; echo 'Directory Transport Version: 1.1' > version
            skopeo copy --quiet --dest-tls-verify=false dir:. docker://{0}/{image} >&2
            echo "sha256:$(sha256sum < manifest.json | cut -d ' ' -f 1)""#,
            self.address
        );
        shell(&self.site, &script).trim().to_owned()
    }

    /// Every tag with what it names.
    fn state(&self) -> String {
        shell(
            &self.site,
            "cd registry/docker/registry/v2/repositories; find . -path '*/tags/*/current/link' | sort | \
             while read -r link; do echo \"$link $(cat $link)\"; done",
        )
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let (registry, digest) = (format!("registry={}", self.address), format!("digest={}", self.old));
        let mut arguments = vec!["run".into(), "oci".into(), "--yes".into()];
        for input in [registry.as_str(), digest.as_str()].iter().chain(more) {
            arguments.extend(["--set".to_owned(), (*input).to_owned()]);
        }
        arguments
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn tags_name_what_was_released_and_then_again_what_they_named_before() {
    let Some(registry) = Registry::start() else { return };
    let before = registry.state();
    registry.site.liftlock(&borrowed(&registry.arguments(&[]))).expect(0);
    let after = registry.state();
    assert!(
        after.contains("/tags/first/current/link") && after.contains("mirror/web/_manifests/tags/stable"),
        "{after}"
    );
    let stable = format!("tags/stable/current/link {}", registry.site.read("srv/digest").trim());
    assert_eq!(after.matches(&stable).count(), 2, "{stable}\n{after}");
    registry.site.liftlock(&["drift", "dev"]).expect(0);
    registry.site.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(registry.state(), before);
}

#[test]
fn what_fails_half_way_leaves_every_tag_where_it_was() {
    let Some(registry) = Registry::start() else { return };
    let before = registry.state();
    registry.site.liftlock(&borrowed(&registry.arguments(&["broken=true"]))).expect(1);
    assert_eq!(registry.state(), before);
    let arguments = registry.arguments(&[]);
    for fault in [
        ("skopeo", "web:stable", When::Before),
        ("skopeo", "web:stable", When::After),
        ("skopeo", "web:first", When::After),
        ("skopeo", "mirror/web:stable", When::After),
    ] {
        faults::goes_back(&registry.site, &borrowed(&arguments), fault, &|| registry.state());
    }
}
