//! The rounds of a drill: the stage of one environment, released again and again, and undone each time because something is
//! made to go wrong.

use liftlock_journal::{Fault, FaultKind};
use liftlock_names::Address;

use crate::document::{ActionKind, Change, Class, Effect, Hooks, Node, OnFailure, Plan, Stage, effects_of};

/// A drill before it begins.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// What every round releases, for an environment alone.
    pub plan: Plan,
    pub environment: String,
    /// What goes wrong in each round, in the order of the rounds.
    pub faults: Vec<Fault>,
    /// Effects that are not made to fail, each with why.
    pub left_out: Vec<(Address, String)>,
}

impl Rehearsal {
    /// The drill of an observed plan in one of its environments; `None` where it does not enter it.
    ///
    /// Nobody is asked and nobody is told: gates and notices are left out, since what is released here is taken back at once.
    /// No round gets as far as a point of no return.
    pub fn of(plan: &Plan, environment: &str) -> Option<Rehearsal> {
        let mut stage = plan.stage(environment)?.clone();
        stage.gates.clear();
        without_notices(&mut stage.body);
        let mut reached = Vec::new();
        let no_return = reach(&stage.body, &mut reached).map(|effect| effect.address.clone());
        let (faulty, mut left_out) = (targets(&reached), Vec::new());
        for effect in stage.effects() {
            if let Some(why) = left_out_because(effect, &reached, no_return.as_ref()) {
                left_out.push((effect.address.clone(), why));
            }
        }
        let each = |fault: FaultKind| faulty.iter().map(move |effect| Fault { effect: effect.clone(), fault });
        let faults = each(FaultKind::Failure).chain(each(FaultKind::Interrupt)).collect();
        let plan = Plan {
            waves: vec![vec![stage]],
            on_failure: OnFailure::Stage,
            on: Hooks { in_doubt: plan.on.in_doubt, ..Hooks::default() },
            ..plan.clone()
        };
        Some(Rehearsal { plan, environment: environment.to_owned(), faults, left_out })
    }

    /// The one stage.
    pub fn stage(&self) -> Option<&Stage> {
        self.plan.stage(&self.environment)
    }

    /// The plan of a round.
    pub fn round(&self, fault: &Fault) -> Plan {
        let action = ActionKind::Drill { environment: self.environment.clone(), fault: fault.clone() };
        Plan { action, ..self.plan.clone() }
    }
}

fn without_notices(nodes: &mut Vec<Node>) {
    nodes.retain(|node| !matches!(node, Node::Effect(effect) if effect.is_notice()));
    for node in nodes {
        match node {
            Node::Effect(_) | Node::Check(_) => {}
            Node::Parallel { body, .. } => without_notices(body),
            Node::Phase { body, rollback, .. } => {
                without_notices(body);
                rollback.iter_mut().for_each(|effects| effects.retain(|effect| !effect.is_notice()));
            }
        }
    }
}

/// Collects the effects that can be run without one that cannot be undone, and finds the first of those. What stands
/// together with it in a `parallel` would begin at the same time.
fn reach<'p>(nodes: &'p [Node], reached: &mut Vec<&'p Effect>) -> Option<&'p Effect> {
    for node in nodes {
        match node {
            Node::Effect(effect) if is_no_return(effect) => return Some(effect),
            Node::Effect(effect) => reached.push(effect),
            Node::Check(_) => {}
            Node::Phase { body, .. } => {
                if let Some(effect) = reach(body, reached) {
                    return Some(effect);
                }
            }
            Node::Parallel { body, .. } => {
                let members = effects_of(body);
                if let Some(effect) = members.iter().find(|effect| is_no_return(effect)) {
                    return Some(effect);
                }
                reached.extend(members);
            }
        }
    }
    None
}

/// Whether other effects may be under way while one is: it stands in a `parallel` together with them.
pub fn runs_beside_others(nodes: &[Node], address: &Address) -> bool {
    nodes.iter().any(|node| match node {
        Node::Effect(_) | Node::Check(_) => false,
        Node::Phase { body, .. } => runs_beside_others(body, address),
        Node::Parallel { body, .. } => {
            let members = body.iter().map(|member| effects_of(std::slice::from_ref(member)));
            let members: Vec<Vec<&Effect>> = members.filter(|effects| !effects.is_empty()).collect();
            let is_in_it = members.iter().flatten().any(|effect| effect.address == *address);
            is_in_it && (members.len() > 1 || runs_beside_others(body, address))
        }
    })
}

fn is_no_return(effect: &Effect) -> bool {
    matches!(effect.class, Class::Irreversible { .. })
}

fn targets(reached: &[&Effect]) -> Vec<Address> {
    let changes = reached.iter().filter(|effect| !effect.change.is_none());
    changes.map(|effect| effect.address.clone()).collect()
}

fn left_out_because(effect: &Effect, reached: &[&Effect], no_return: Option<&Address>) -> Option<String> {
    let is_reached = reached.iter().any(|reached| reached.address == effect.address);
    match (&effect.class, no_return) {
        (Class::Irreversible { why }, _) => Some(format!("it is a point of no return: {why}")),
        (_, Some(point)) if !is_reached => Some(format!("{} cannot be undone, and comes first", point.within_stage())),
        _ => match effect.change {
            Change::InPlace => Some("it is in place already".to_owned()),
            Change::NotNeeded => Some("nothing that it takes notice of changes".to_owned()),
            _ => None,
        },
    }
}
