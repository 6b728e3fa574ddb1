//! The modules that need no server: files, archives, processes and repositories.

use super::site::{have, shell, site};
use crate::project::Project;

const BROKEN: [&str; 2] = ["--set", "broken=true"];

fn run(site: &Project, module: &str, more: &[&str], code: i32) -> String {
    let arguments: Vec<&str> = ["run", module, "--yes"].into_iter().chain(more.iter().copied()).collect();
    site.liftlock(&arguments).expect(code).stdout
}

/// Releases for nothing, releases and takes back, and holds what is there against what was there.
fn goes_forth_and_back(site: &Project, module: &str, state: &dyn Fn() -> String, after: &dyn Fn()) {
    let before = state();
    let ended = run(site, module, &BROKEN, 1);
    assert!(ended.contains("is restored"), "{ended}");
    assert_eq!(state(), before, "after a failure");
    run(site, module, &[], 0);
    after();
    site.liftlock(&["drift", "dev"]).expect(0);
    let plan = site.liftlock(&["plan", module, "--detailed-exitcode"]);
    // What a tag names is asked for when the release is there, and not before.
    assert_eq!(plan.code, Some(if module == "git" { 2 } else { 0 }), "{}", plan.stdout);
    site.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(state(), before, "after a rollback");
}

/// Everything below `srv` with its content, permissions, owner and times.
fn everything(site: &Project) -> String {
    shell(
        site,
        "find srv -printf '%p %m %u %g %l %Ts\\n' | grep -v '^srv ' | sort; find srv -type f -exec sha256sum {} + | sort",
    )
}

#[test]
fn files_come_back_with_their_content_permissions_owner_and_times() {
    let site = site("files");
    site.write("srv/copy.txt", "by hand");
    site.write("srv/app.conf", "# ours\nworkers = 2\nlimit = 7");
    site.write("srv/old/below/file", "old");
    site.write("srv/key", "secret");
    shell(
        &site,
        "chmod 0640 srv/app.conf srv/key; ln -s below/file srv/old/link; touch -d 2020-02-02 srv/copy.txt srv/old/below",
    );
    goes_forth_and_back(&site, "files", &|| everything(&site), &|| {
        assert_eq!(site.read("srv/copy.txt"), "app\n");
        assert_eq!(site.read("srv/app.conf"), "# ours\nworkers = 4\nlimit = 7\n");
        assert!(!site.path("srv/old").exists());
        assert_eq!(shell(&site, "stat -c %a srv/key srv/app.conf"), "600\n640\n");
    });
}

#[test]
fn what_was_not_there_is_gone_again_and_what_is_in_the_way_is_left() {
    let fresh = site("files");
    fresh.write("srv/key", "secret");
    goes_forth_and_back(&fresh, "files", &|| everything(&fresh), &|| {
        assert_eq!(fresh.read("srv/app.conf"), "workers = 4\n");
    });

    let in_the_way = site("files");
    in_the_way.write("srv/key", "secret");
    in_the_way.write("srv/copy.txt/a-folder", "of somebody");
    let before = everything(&in_the_way);
    let ended = run(&in_the_way, "files", &[], 1);
    assert!(ended.contains("is a folder") && ended.contains("is restored"), "{ended}");
    assert_eq!(everything(&in_the_way), before);
}

#[test]
fn what_is_no_longer_kept_is_not_believed_to_be_back() {
    let site = site("files");
    site.write("srv/key", "secret");
    site.write("srv/copy.txt", "by hand");
    run(&site, "files", &[], 0);
    shell(&site, "rm -r .liftlock/kept");
    let ended = site.liftlock(&["rollback", "dev", "--yes"]).expect(6);
    assert!(ended.stdout.contains("no longer kept") || ended.stderr.contains("no longer kept"), "{}", ended.stdout);
    assert_eq!(site.read("srv/copy.txt"), "app\n");
}

#[test]
fn an_archive_is_there_as_a_whole_or_not_at_all() {
    let fresh = site("archive");
    goes_forth_and_back(&fresh, "archive", &|| everything(&fresh), &|| {
        assert_eq!(fresh.read("srv/1.0.0/app.txt"), "app\n");
    });
    let replaced = site("archive");
    replaced.write("srv/1.0.0/by-hand", "kept");
    shell(&replaced, "chmod 0700 srv/1.0.0");
    goes_forth_and_back(&replaced, "archive", &|| everything(&replaced), &|| {
        assert!(!replaced.path("srv/1.0.0/by-hand").exists());
    });
}

#[test]
fn programs_run_and_stop_and_do_again_what_they_did() {
    let site = site("process");
    // Which of them run; that the old one begins anew gives it another number.
    let state = || {
        shell(
            &site,
            "for name in web old; do if [ -s srv/$name.pid ] && kill -0 \"$(cat srv/$name.pid)\"; then echo $name; fi; done",
        )
    };
    shell(&site, "setsid sleep 61 > /dev/null 2>&1 < /dev/null & echo $! > srv/old.pid");
    let stop = || shell(&site, "for file in srv/*.pid; do kill \"$(cat $file)\"; done");
    assert_eq!(state(), "old\n");
    goes_forth_and_back(&site, "process", &state, &|| assert_eq!(state(), "web\n"));
    stop();
}

#[test]
fn tags_branches_and_working_copies_go_back_to_where_they_were() {
    if !have(&["git"]) {
        return;
    }
    let site = site("git");
    shell(
        &site,
        "exec > /dev/null 2>&1
         export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
         git init -q -b main .
         printf '%s\\n' .liftlock srv remote.git NOTES.md '*.tar' '*.release' > .gitignore
         git add .; git commit -qm 'The first'
         git init -q --bare remote.git; git remote add origin \"$PWD/remote.git\"
         git tag v0.9.0; git push -q origin v0.9.0 main main:released
         git tag -a -m 'by hand' v1.0.0; git push -q origin v1.0.0; git tag -d v1.0.0
         git clone -q remote.git srv/checkout; git -C srv/checkout checkout -q main
         echo second >> app.txt; git commit -qam 'A second change'
         echo notes > NOTES.md",
    );
    let state = || {
        shell(
            &site,
            "git -C remote.git for-each-ref | grep -v refs/tags/v1.0.0^; git -C srv/checkout status -b --porcelain | head -n 1;
             git -C srv/checkout rev-parse HEAD; cat NOTES.md",
        )
    };
    let state =
        || state().lines().filter(|line| !line.starts_with("## main")).map(|line| format!("{line}\n")).collect();
    goes_forth_and_back(&site, "git", &state, &|| {
        let head = shell(&site, "git rev-parse HEAD");
        let remote = "git -C remote.git rev-parse v1.0.0^{commit} refs/heads/released";
        assert_eq!(shell(&site, remote), head.repeat(2));
        assert_eq!(shell(&site, "git -C srv/checkout rev-parse HEAD"), head);
        assert!(site.read("NOTES.md").starts_with("# 1.0.0\n\n- A second change ("), "{}", site.read("NOTES.md"));
    });
    // Whoever has moved the branch on since keeps it.
    run(&site, "git", &[], 0);
    shell(&site, "git -C remote.git update-ref refs/heads/released \"$(git rev-parse v0.9.0)\"");
    site.liftlock(&["rollback", "dev", "--yes"]).expect(0);
}
