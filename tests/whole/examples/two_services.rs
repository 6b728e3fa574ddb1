//! `examples/two-services`: an API and a front, replaced in order and put back in the opposite one.

use super::{Example, have};

/// What people see, and what runs.
fn state(example: &Example) -> String {
    let release = example.project().read("bulletin.release");
    let (_, url) = release.split_once("let page = \"http://").expect("the address of the front");
    let (host, port) = url.split('/').next().and_then(|address| address.split_once(':')).expect("its port");
    // `bash` asks by itself, so that no `curl` is needed.
    let script = format!(
        "exec 3<>/dev/tcp/{host}/{port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3; \
         ops/service get api; ops/service get front"
    );
    example.shell(&script).expect(0).stdout
}

/// Where a line that contains this stands in what was said.
fn place(said: &str, line: &str) -> usize {
    said.find(line).unwrap_or_else(|| panic!("`{line}` is not in:\n{said}"))
}

#[test]
fn the_api_is_replaced_first_and_put_back_last() {
    if !have(&["ps", "setsid"]) {
        return;
    }
    let example = Example::copy("two-services");
    let both = example.does("One command", 0).expect(0);
    let said = both.stderr.split("bulletin 1.1.0, release 2").nth(1).expect("the second release");
    let (api, check, front) = ("deploy/asked/api/run", "deploy/asked/old-front", "deploy/asks/front/run");
    assert!(place(said, api) < place(said, check) && place(said, check) < place(said, front), "{said}");
    let released = state(&example);
    assert_eq!(released, "front 1.1.0: 2 November: the shop opens at nine (api 1.1.0)\n1.1.0\n1.1.0\n");
    let before = example.shell("cat srv/front.running").expect(0).stdout;

    let bad = example.does("A bad release", 0).expect(1);
    assert!(bad.stdout.contains("why: deploy/asked/old-front: "), "{}", bad.stdout);
    assert!(bad.stdout.contains("production is restored to 1.1.0"), "{}", bad.stdout);
    assert_eq!(state(&example), released);
    assert_eq!(example.shell("cat srv/front.running").expect(0).stdout, before, "the front was restarted");

    let back = example.does("Back", 0).expect(0);
    let (_, said) = back.stderr.split_once("taking back").expect("what is taken back");
    assert!(place(said, front) < place(said, api), "{said}");
    assert_eq!(state(&example), "front 1.0.0: the shop opens at nine (api 1.0.0)\n1.0.0\n1.0.0\n");
}
