/*
 * handover.pml: the hand-over of a pair of vHBAs between two hosts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * P is the primary of the pair, through which the guest does its I/O on the
 * source A. S is the secondary, logged in on A and idle, through which the
 * guest will do its I/O on the destination B. The names of phases, marks,
 * fates and steps are those of qemu_migration_vhba*.c.
 *
 * Whatever can die does so, at every step: each virtqemud, virtnodedevd,
 * QEMU and host, the client, the connections, the links to the fabric; FAULTS
 * of them in one run. The checks are assertions, numbered as the promises in
 * README.md; the last process, judge, looks at where each run ends.
 *
 * Choices, all off unless defined:
 *   FAULTS=n             how much goes wrong in one run (default 1)
 *   LAST_LOGIN_WINS      the fabric lets a second login in and drops the first
 *   PARTNER_ZONE         P and S share a zone: each sees whether the other is
 *                        logged in
 *   PEER2PEER            virtqemud on A drives the migration, and can ask B
 *   POSTCOPY, OFFLINE    kinds of migration
 *   OLD_CLIENT           a client that does not pass on B's refusal
 *   WRONG_VERDICT        the administrator says that the guest does not run on B
 *   WRONG_THERE          the administrator says that it does
 *   BY_DESTROY           if it is paused on A he says so by destroying it, which
 *                        counts only if the fabric shows that B has S
 *   ARBITER_ALONE        A takes the return of S for B's word
 *   WAITS_FOR_A          B starts P only when told that A has let go of it
 *   MOVES_ON             B may hand the pair on to a third host afterwards
 *   OLD_ANSWER           a client may confirm another migration, a former one,
 *                        when B has made up its mind; OLD_ANSWER_EARLY: any time
 *   NO_HOST_FAULTS, NO_LINK_FAULTS
 *                        leaves out these faults
 *   BUG_…                seeded bugs, which have to be found
 */

#ifndef FAULTS
#define FAULTS 1
#endif

#ifdef PEER2PEER
#define peer2peer true
#else
#define peer2peer false
#endif

#ifdef POSTCOPY
#define postcopy true
#else
#define postcopy false
#endif

#define A 0
#define B 1
#define NOBODY 2
#define THIRD 3

#define P 0
#define S 1

/* the mark in the definition of a vHBA, which is the journal; there is no
 * definition at all if it is undefined */
mtype = { undefined, unmarked, lent, borrowed };

/* waiting: for the guest's state; paused: has it all, CPUs stopped */
mtype = { off, waiting, paused, running };

/* Messages: what the client asks for, and what it is told. A refusal of Finish
 * says that the guest does not run on B and never will. */
mtype = { none, Begin, Prepare, Perform, Finish, FinishCancelled,
                  Confirm, ConfirmCancelled, ConfirmRefused,
                  done, refused, lost };

/* where the guest is, as far as A knows */
mtype = { undecided, here, there };

typedef Host {
    bool up;
    bool virtqemud;             /* runs, since the last crash */
    mtype qemu;
    mtype journal[2];      /* survives everything */
    bool vport[2];              /* in the kernel; gone with the host */
};

Host host[2];
byte login[2];                  /* the fabric: where P and S are logged in */

bool connected[2];              /* client to host */
mtype call[2];
mtype reply[2];

bool job;                       /* A's domain has its migration job; none starts it anew */
bool inCall;                    /* a phase is being worked on; else QEMU's death ends the job */
bool migrating;                 /* QEMU on A sends, QEMU on B receives */
bool sent;                      /* all of it has arrived (post-copy: all but memory) */
bool pages;                     /* post-copy: memory has arrived, too */

byte faults;                    /* so far */
byte kicks = 2;                 /* how often ports throw each other out */
mtype verdict = undecided; /* what the administrator says */

/* what has happened, for the checks only */
bool ranOnB;
bool actedOnThere;              /* A has been told that B runs the guest, and acted on it */
bool guestKilled;               /* by the death of the QEMU that it was in */
bool startedCold[2];
bool movedOn;                   /* the guest runs on a third host, through P */
bool performed;                 /* is in the status XML of A, gone with the host */

#define carriesGuest(h, w)  (host[h].qemu == running && (w) == ((h) == A -> P : S))
#define isDefined(h, w)     (host[h].journal[w] != undefined)
#define isForgotten(w)      (!isDefined(A, w) && !isDefined(B, w) && !movedOn)
#define isMarked(h, w)      (host[h].journal[w] == lent || host[h].journal[w] == borrowed)
#define mayFail             (faults < FAULTS)

#define HOST(h)  ((h) == A -> 'A' : 'B')
#define VHBA(w)  ((w) == P -> 'P' : 'S')


/*
 * The fabric
 */

#ifdef LAST_LOGIN_WINS
#define admits(h, w)  true
#else
#define admits(h, w)  (login[w] == NOBODY || login[w] == (h))
#endif

/* The second witness: whoever is logged in sees whether the partner is. */
#ifdef PARTNER_ZONE
#define showsElsewhere(h, w)  (login[1 - (w)] == (h) && login[w] != (h) && login[w] != NOBODY)
#define showsGone(h, w)       (login[1 - (w)] == (h) && login[w] == NOBODY)
#else
#define showsElsewhere(h, w)  false
#define showsGone(h, w)       true
#endif

inline logIn(h, w)
{
    assert(!carriesGuest(1 - (h), w));          /* 1 and 2 */
    assert(!movedOn || w == S);                 /* 1 and 2 */
    login[w] = h;
}

inline logOut(h, w)
{
    if
    :: login[w] == h -> login[w] = NOBODY
    :: else
    fi
}


/*
 * virtnodedevd: what a call of it does. The definition is replaced as a whole
 * or not at all, and so are vports; it keeps nothing else.
 */

inline setMark(h, w, m)
{
    d_step {
        host[h].journal[w] = m;
        assert(!isForgotten(w));                /* 4 */
        printf("%c: journal of %c: %e\n", HOST(h), VHBA(w), m);
    }
}

inline nodedevCreate(h, w)
{
    d_step {
        printf("%c: vport %c created\n", HOST(h), VHBA(w));
        host[h].vport[w] = true;
        logIn(h, w);
    }
}

inline nodedevDestroy(h, w)
{
    d_step {
        assert(!carriesGuest(h, w));                            /* 2 */
        assert(h == B || w == S || host[A].qemu == off);        /* 2 */
        printf("%c: vport %c deleted\n", HOST(h), VHBA(w));
        host[h].vport[w] = false;
        logOut(h, w);
    }
}

/* StartWhenFree: waits for the fabric, then starts; does nothing if started */
inline startWhenFree(h, w)
{
    if
    :: d_step {
           !host[h].vport[w] && admits(h, w) && !showsElsewhere(h, w) ->
               printf("%c: vport %c created\n", HOST(h), VHBA(w));
               host[h].vport[w] = true;
               logIn(h, w);
       }
    :: host[h].vport[w]
    fi
}

/* The same for P on B, where the zone has to show that P has gone. Without it,
 * time has passed, any time; or A has told that it let go. */
#ifdef WAITS_FOR_A
#define isToldGone(w)  (host[A].journal[w] == undefined)
#else
#define isToldGone(w)  true
#endif

inline startWhenGone(h, w)
{
    if
    :: d_step {
           !host[h].vport[w] && admits(h, w) && showsGone(h, w) && isToldGone(w) ->
               printf("%c: vport %c created\n", HOST(h), VHBA(w));
               host[h].vport[w] = true;
               logIn(h, w);
       }
    :: host[h].vport[w]
    fi
}


/*
 * QEMU and its guest
 */

inline startCPUs(h)
{
    d_step {
        printf("%c: guest runs\n", HOST(h));
        assert(host[1 - (h)].qemu != running);          /* 3 */
        assert(h == B || !ranOnB);                      /* 3: nor runs on from its past */
        assert(host[h].vport[(h == A -> P : S)]);       /* 2 */
        assert(login[(h == A -> P : S)] != 1 - (h));    /* 2 */
        host[h].qemu = running;
        ranOnB = ranOnB || h == B;
    }
}

inline stopQEMU(h)
{
    d_step {
        if
        :: host[h].qemu != off -> printf("%c: QEMU stopped\n", HOST(h))
        :: else
        fi;
        host[h].qemu = off;
        migrating = false;
    }
}


/*
 * Messages. Losing one is losing the connection: the caller gets an error,
 * the callee notices that its caller has gone.
 */

inline cut(h)
{
    connected[h] = false;
    call[h] = none;
    reply[h] = none;
}

inline answerCall(h, m)
{
    d_step {
        printf("%c: answers %e\n", HOST(h), m);
        if
        :: connected[h] -> reply[h] = m
        :: else
        fi
    }
}


/*
 * Source
 */

#ifdef OFFLINE
#define unfit  (host[A].qemu != off)
#else
#define unfit  (host[A].qemu != running)
#endif

inline srcBegin()
{
    d_step { call[A] == Begin -> call[A] = none; printf("A: Begin\n");
             job = true; inCall = true };
#ifdef BUG_MARK_AFTER_STEP
    nodedevDestroy(A, S);
#endif
    if
    :: unfit -> failed = true
    :: !unfit -> setMark(A, S, lent); failed = false
    :: d_step { mayFail && !unfit ->
                faults++; failed = true; printf("A: virtnodedevd fails\n") };
       if
       :: setMark(A, S, lent)
       :: skip
       fi
    fi;
#ifdef OFFLINE
    /* Finish may follow at once, so this is all that we know from here on. */
#ifndef BUG_P_NOT_MARKED
    if
    :: !failed -> setMark(A, P, lent)
    :: else
    fi;
#endif
#endif
    if
    :: !failed && host[A].vport[S] -> nodedevDestroy(A, S)
    :: else
    fi;
    if
    :: failed -> answerCall(A, refused)
    :: else -> answerCall(A, done)
    fi;
    srcLeaveCall()
}

/* The job goes on until the next phase, unless QEMU has died. */
inline srcLeaveCall()
{
    d_step {
        inCall = false;
#ifndef OFFLINE
        job = job && host[A].qemu != off
#endif
    }
}

/* Leaves fate here if it is certain that the guest stays. */
inline srcPerform()
{
    d_step { call[A] == Perform -> call[A] = none; printf("A: Perform\n");
             inCall = true };
    if
    :: !job
    :: d_step { job && host[A].qemu == running && host[B].qemu == waiting -> migrating = true };
       (!migrating || sent)
    :: d_step { job && host[A].qemu == running && host[B].qemu == waiting ->
                printf("A: migration fails\n") }
    :: host[A].qemu == off || host[B].qemu != waiting
    fi;

    failed = !sent || host[A].qemu != paused;
    if
    :: failed
    :: else ->
       /* From here on nobody but B can tell where the guest is. */
#ifdef BUG_P_NOT_MARKED
       performed = true
#else
       if
       :: setMark(A, P, lent)
       :: d_step { mayFail -> faults++; failed = true; printf("A: virtnodedevd fails\n") };
          if
          :: setMark(A, P, lent)
          :: skip
          fi;
          setMark(A, P, unmarked)
       fi
#endif
    fi;

    if
    :: failed -> fate = here; answerCall(A, refused)
    :: else -> answerCall(A, done)
    fi;
    srcLeaveCall()
}

#ifdef BUG_POSTCOPY_ERROR_TELLS
#define errorTells  true
#else
#define errorTells  false
#endif

/* If QEMU has died, the job has ended. Peer-to-peer A has heard B itself and writes
 * that down; else it is a client that says that B runs the guest, perhaps of another
 * migration, and it counts if the fabric shows that B has S. */
#define hasHeard  (job || peer2peer)
#ifdef BUG_CONFIRM_UNSEEN
#define countsLate  true
#else
#define countsLate  showsElsewhere(A, S)
#endif

inline srcConfirm()
{
    if
    :: d_step { call[A] == Confirm -> printf("A: Confirm ok\n");
                if
                :: hasHeard || countsLate -> fate = there
                :: else
                fi }
    :: d_step { call[A] == ConfirmRefused -> printf("A: Confirm, refused by B\n");
                if
                /* post-copy: an error of Finish does not tell */
                :: hasHeard && (!postcopy || errorTells) -> fate = here
                :: else
                fi }
    :: d_step { call[A] == ConfirmCancelled -> printf("A: Confirm cancelled\n") }
    fi;
    call[A] = none;
    answerCall(A, done)
}

/* Whether B runs the guest, from B's own journal. While Finish is between
 * its mark and its answer, B has not made up its mind. That S is not defined
 * there says that B has refused the guest only if B cannot have handed it on
 * to somebody else: without P, which we hold, it cannot. */
#ifdef BUG_ASK_JOURNAL_ONLY
#define finishingNow  false
#else
#define finishingNow  finishing
#endif
#ifdef BUG_ASK_ABSENCE
#define holdsP  true
#else
#define holdsP  (host[A].vport[P] && login[P] == A)
#endif
#define canAsk \
    (peer2peer && host[B].virtqemud && !finishingNow && \
     (host[B].journal[S] == unmarked || (host[B].journal[S] == undefined && holdsP)))

inline srcAsk()
{
    d_step {
        canAsk ->
        if
        :: host[B].journal[S] == undefined -> fate = here
        :: else -> fate = there
        fi;
        printf("A: B says %e\n", fate)
    }
}

/* The decision is in the journal: S undefined, P lent. If virtnodedevd dies of a
 * call, it is asked again when it is back, as it is for whatever else ends a job. */
inline srcGiveUp()
{
#ifdef BUG_DESTROY_P_TOO_EARLY
    nodedevDestroy(A, P);
#endif
    stopQEMU(A);
#ifdef BUG_GIVE_UP_ONCE
    if
    :: skip
    :: d_step { mayFail -> faults++; printf("A: virtnodedevd fails\n") }; break
    fi;
#endif
    if
    :: host[A].vport[P] -> nodedevDestroy(A, P)
    :: else
    fi;
    setMark(A, P, undefined)
}

/* The guest stays or is dead; P is not marked, or about to be cleared. */
inline srcTakeBack()
{
#ifdef BUG_RESUME_BEFORE_S
    atomic {
        if
        :: host[A].qemu == paused -> startCPUs(A)
        :: else
        fi
    };
#endif
    startWhenFree(A, S);
    if
    :: host[A].journal[P] == lent -> setMark(A, P, unmarked)
    :: else
    fi;
    if
    :: postcopy && sent -> stopQEMU(A)      /* there is no way back */
    :: else ->
       atomic {
           if
           :: host[A].qemu == paused -> startCPUs(A)
           :: else
           fi
       }
    fi;
    setMark(A, S, unmarked)
}

/* Whether what the administrator says about B counts; and whether he says what is
 * wrong, where that is looked at */
#ifdef BY_DESTROY
#define bearsOut  (host[A].qemu != paused || showsElsewhere(A, S))
#define mayLie    (host[A].qemu == paused)
#else
#define bearsOut  true
#define mayLie    true
#endif

/* When an answer to another migration may come */
#ifdef OLD_ANSWER_EARLY
#define mayBeOld  true
#else
#define mayBeOld  (host[B].journal[S] != borrowed && !finishing)
#endif

/* What virtqemud would have to go by if the journal did not say it */
#define remembersPerform  (performed && host[A].qemu != off && host[A].journal[P] == unmarked)

/* Finds what is to be done by the marks, until nothing is left. */
inline srcSettle()
{
    do
    /* before Perform was reported, B cannot have run the guest */
    :: host[A].journal[S] == lent && host[A].journal[P] == unmarked && !remembersPerform ->
       migrating = false;
       /* here A need not wait for S */
       if
       :: postcopy && sent
       :: else ->
          atomic {
              if
              :: host[A].qemu == paused -> startCPUs(A)
              :: else
              fi
          }
       fi;
       srcTakeBack()
    :: host[A].journal[S] == lent && (host[A].journal[P] == lent || remembersPerform) ->
       if
       :: fate == here -> performed = false; srcTakeBack()
       :: fate == there ->
#ifdef BUG_P_NOT_MARKED
          setMark(A, P, lent);
#endif
#ifdef BUG_UNDEFINE_S_LAST
          stopQEMU(A);
          actedOnThere = true;
          if
          :: host[A].vport[P] -> nodedevDestroy(A, P)
          :: else
          fi;
          setMark(A, P, undefined);
#endif
          setMark(A, S, undefined)
       :: fate == undecided ->
          if
          :: srcAsk()
          :: srcConfirm()
          :: atomic { verdict == here -> fate = here }
          :: atomic { verdict == there && bearsOut -> fate = there }
#ifdef BY_DESTROY
          :: verdict == there && !bearsOut -> stopQEMU(A); verdict = undecided
#endif
#ifdef OLD_ANSWER
          :: d_step { host[A].qemu == off && mayBeOld && countsLate ->
                      fate = there; printf("A: Confirm ok, of another migration\n") }
#endif
#ifdef ARBITER_ALONE
          :: startWhenFree(A, S); fate = here
#endif
#ifdef BUG_RESUME_WITHOUT_ARBITER
          :: atomic {
                 if
                 :: host[A].qemu == paused -> startCPUs(A)
                 :: else
                 fi
             };
             fate = here
#endif
          :: postcopy && pages && host[A].qemu == paused ->
             stopQEMU(A);                   /* that does not make B's word */
#ifdef BUG_POSTCOPY_FORCED
             fate = there
#endif
          fi
       fi
    :: host[A].journal[S] == undefined && host[A].journal[P] == lent -> srcGiveUp()
#ifdef BUG_UNDEFINE_S_LAST
    :: host[A].journal[S] == lent && host[A].journal[P] == undefined ->
       startWhenFree(A, S); setMark(A, S, unmarked)
#endif
    :: !isMarked(A, P) && !isMarked(A, S) -> break
    od
}


/*
 * Destination
 */

bool finishing;                 /* virtqemud on B, in Finish, has not made up its mind */
bool autodestroy;               /* QEMU goes when the client goes */

inline dstPrepare()
{
    d_step { call[B] == Prepare -> call[B] = none; printf("B: Prepare\n") };
#ifdef BUG_MARK_AFTER_STEP
    if
    :: d_step { admits(B, S) -> failed = false };
       nodedevCreate(B, S)
    :: failed = true
    fi;
#endif
#ifndef BUG_DEFINE_P_LATE
    setMark(B, P, borrowed);
#endif
    if
    :: setMark(B, S, borrowed); failed = false
    :: d_step { mayFail -> faults++; failed = true; printf("B: virtnodedevd fails\n") };
       if
       :: setMark(B, S, borrowed)
       :: skip
       fi
    fi;
#ifdef BUG_START_P_TOO_EARLY
    if
    :: d_step { admits(B, P) -> printf("B: vport P created\n");
                host[B].vport[P] = true; logIn(B, P) }
    :: skip
    fi;
#endif
    if
    :: failed || host[B].vport[S]
    :: else ->
       if
       :: d_step { admits(B, S) -> printf("B: vport S created\n");
                   host[B].vport[S] = true; logIn(B, S) }
       :: failed = true                     /* timed out */
       fi
    fi;
    if
    :: failed
    :: else ->
       if
       :: d_step { printf("B: S shows another LUN\n"); failed = true }
       :: skip
       fi
    fi;
    if
    :: failed -> dstForget(); answerCall(B, refused)
    :: else ->
#ifndef OFFLINE
       d_step { host[B].qemu = waiting; printf("B: QEMU waits\n") };
#endif
       autodestroy = true;
       answerCall(B, done)
    fi
}

inline dstForget()
{
    stopQEMU(B);
    autodestroy = false;
    if
    :: host[B].vport[P] -> nodedevDestroy(B, P)
    :: else
    fi;
    if
    :: host[B].vport[S] -> nodedevDestroy(B, S)
    :: else
    fi;
    if
    :: isDefined(B, S) -> setMark(B, S, undefined)
    :: else
    fi;
    if
    :: isDefined(B, P) -> setMark(B, P, undefined)
    :: else
    fi;
    finishing = false
}

/* The connection may go at any time; what is still to be destroyed with it
 * then is. */
inline dstAutoDestroy()
{
    if
    :: autodestroy && !connected[B] -> stopQEMU(B); autodestroy = false
    :: true
    fi
}

inline dstFinish()
{
    if
    :: d_step { call[B] == Finish -> call[B] = none; printf("B: Finish\n");
                failed = false; finishing = true }
    :: d_step { call[B] == FinishCancelled -> call[B] = none; failed = true;
                printf("B: Finish cancelled\n") }
    fi;
    dstAutoDestroy();
#ifndef OFFLINE
    failed = failed || host[B].qemu != paused;
#endif
    if
    :: failed
    :: else ->
#ifndef BUG_AUTODESTROY
       autodestroy = false;
#endif
#ifdef BUG_COMMIT_AFTER_START
       startCPUs(B);
#endif
       /* Commit: the guest may run here from now on. */
       if
       :: setMark(B, S, unmarked)
       :: d_step { mayFail -> faults++; failed = true; printf("B: virtnodedevd fails\n") };
          if
          :: setMark(B, S, unmarked)
          :: skip
          fi;
          setMark(B, S, borrowed)
       fi
    fi;
#if !defined(OFFLINE) && !defined(BUG_COMMIT_AFTER_START)
    if
    :: failed
    :: else ->
       if
       /* QEMU says no, or was dead before we asked, so the guest has not run:
        * this can be undone */
       :: host[B].qemu == paused ->
          printf("B: QEMU refuses to start CPUs\n");
          setMark(B, S, borrowed);
          failed = true
       :: host[B].qemu == off ->
          setMark(B, S, borrowed);
          failed = true
       :: atomic { host[B].qemu == paused -> startCPUs(B) }
       fi;
#ifdef BUG_AUTODESTROY
       dstAutoDestroy();
#endif
       /* If QEMU dies now, before it has answered, nobody can say that it did
        * not run the guest first: B keeps it, dead. */
#ifdef BUG_DEATH_IS_REFUSAL
       if
       :: !failed && host[B].qemu == off -> setMark(B, S, borrowed); failed = true
       :: else
       fi
#endif
    fi;
#endif
#ifdef BUG_DEFINE_P_LATE
    if
    :: failed
    :: else -> setMark(B, P, borrowed)
    fi;
#endif
    finishing = false;
    if
    :: failed -> dstForget(); answerCall(B, refused)
    :: else ->
#ifdef POSTCOPY
       (pages || host[B].qemu == off || host[A].qemu == off);
       if
       :: pages -> answerCall(B, done)
       :: else -> answerCall(B, refused)    /* yet not a word that it does not run */
       fi
#else
       answerCall(B, done)
#endif
    fi
}

/* Finds what is to be done by the marks, until nothing is left. */
inline dstSettle()
{
    do
    :: host[B].journal[S] == borrowed ||
       (host[B].journal[S] == undefined && host[B].journal[P] == borrowed) -> dstForget()
    :: host[B].journal[S] == unmarked && host[B].journal[P] == borrowed ->
       /* committed: there is only the way forward */
#ifdef BUG_KILL_COMMITTED
       atomic {
           if
           :: host[B].qemu == paused -> stopQEMU(B)
           :: else
           fi
       };
#else
       atomic {
           if
           :: host[B].qemu == paused -> startCPUs(B)
           :: else
           fi
       };
#endif
       startWhenGone(B, P);
       setMark(B, P, unmarked)
    :: !isMarked(B, P) && !isMarked(B, S) -> break
    od
}


/*
 * The daemons. A crash takes what a daemon knows and its connections; QEMU and
 * vports stay. The second part of each is its restart.
 */

proctype virtqemudA()
{
    bool failed;
    mtype fate = undecided;

    {
        if
        :: srcBegin();
           if
           :: !connected[A] || failed
           :: srcConfirm()
#ifdef OFFLINE
#else
           :: srcPerform();
              if
              :: failed
              :: !connected[A]
              :: !job && !peer2peer         /* QEMU has died */
              :: srcConfirm()
              fi
#endif
           fi
        :: !connected[A]
        fi;
        job = false;
        srcSettle();
        false
    } unless { !host[A].virtqemud };

restart:
    atomic { host[A].up -> host[A].virtqemud = true; printf("A: virtqemud starts\n") };
    {
        fate = undecided;
#ifdef BUG_MARK_AT_RESTART
        if
        :: host[A].journal[S] == unmarked -> setMark(A, S, borrowed)
        :: else
        fi;
#endif
        srcSettle();
        false
    } unless { !host[A].virtqemud };
    goto restart
}

proctype virtqemudB()
{
    bool failed;

    {
        if
        :: dstPrepare();
           if
           :: failed
           :: dstFinish()
           :: !connected[B] -> stopQEMU(B)
           fi
        :: !connected[B]
        fi;
        dstSettle();
        false
    } unless { !host[B].virtqemud };

restart:
    atomic { host[B].up -> host[B].virtqemud = true; printf("B: virtqemud starts\n") };
    {
        finishing = false;
        autodestroy = false;
#ifdef BUG_KILL_AT_RESTART
        if
        :: !isMarked(B, P) -> stopQEMU(B)
        :: else
        fi;
#endif
        dstSettle();
        false
    } unless { !host[B].virtqemud };
    goto restart
}


/*
 * The client: virsh, or in peer-to-peer a thread of virtqemud on A. Sequence
 * and shortcuts are those of virDomainMigrateVersion3Full.
 */

inline rpc(h, m)
{
    atomic {
        if
        :: connected[h] -> call[h] = m
        :: else
        fi
    };
    if
    :: d_step { reply[h] != none -> answer = reply[h]; reply[h] = none }
    :: !connected[h] -> answer = lost
    fi
}

inline migrate()
{
    rpc(A, Begin);
    if
    :: answer != done -> goto over
    :: else
    fi;
    rpc(B, Prepare);
    if
    :: answer != done -> rpc(A, ConfirmCancelled); goto over
    :: else
    fi;
#ifndef OFFLINE
    rpc(A, Perform);
    if
    :: answer != done -> rpc(B, FinishCancelled); goto over
    :: else
    fi;
#endif
    rpc(B, Finish);
    if
    :: answer == done -> rpc(A, Confirm)
#ifndef OLD_CLIENT
    :: answer == refused -> rpc(A, ConfirmRefused)
    :: answer == lost -> rpc(A, ConfirmCancelled)
#else
    :: answer != done -> rpc(A, ConfirmCancelled)
#endif
    fi
}

bool clientDead;

proctype client()
{
    mtype answer;

    { migrate() } unless { clientDead };
over:
    atomic { cut(A); cut(B) }
}


/*
 * What goes on by itself: the QEMUs' own conversation, the kernels' logins,
 * virtnodedevd's autostart, and somebody who starts the guest where it is dead.
 */

#define mayStartCold(h, w) \
    (host[h].virtqemud && host[h].qemu == off && !startedCold[h] && \
     host[h].journal[w] == unmarked && host[h].vport[w] && login[w] == (h))

/* A guest has to be started anew only if its QEMU was killed. */
inline mayBeDead()
{
#if !defined(POSTCOPY) && !defined(OFFLINE)
    assert(guestKilled)                                 /* 7 */
#else
    skip
#endif
}

#define holds(h) \
    (host[h].journal[P] == unmarked && host[h].journal[S] == unmarked && \
     host[h].vport[P] && host[h].vport[S] && login[P] == (h) && login[S] == (h))

/* A port whose login was lost tries again. Where the last login wins, this
 * can go to and fro until one of the two vports is deleted. */
inline kernelLogin(h, w)
{
    d_step {
        host[h].vport[w] && login[w] == NOBODY ->
            printf("%c: %c is logged in again\n", HOST(h), VHBA(w));
            logIn(h, w)
    }
}

inline kernelLoginKick(h, w)
{
    d_step {
        host[h].vport[w] && login[w] != (h) && login[w] != NOBODY && kicks > 0 ->
            kicks--;
            printf("%c: %c is logged in again\n", HOST(h), VHBA(w));
            logIn(h, w)
    }
}

/* At its start, and when a link comes up, virtnodedevd starts what is not
 * marked. Any time may be such a time. */
inline nodedevAutostart(h, w)
{
    d_step {
        host[h].up && host[h].journal[w] == unmarked && !host[h].vport[w] && admits(h, w) ->
            printf("%c: vport %c autostarted\n", HOST(h), VHBA(w));
            host[h].vport[w] = true;
            logIn(h, w)
    }
}

proctype nature()
{
    do
    :: d_step { migrating && host[A].qemu == running && host[B].qemu == waiting ->
                printf("A: guest paused, all state sent\n");
                host[A].qemu = paused;
                host[B].qemu = paused;
                migrating = false;
                sent = true }
    :: d_step { migrating && (host[A].qemu == off || host[B].qemu == off) ->
                migrating = false }
#ifdef POSTCOPY
    :: d_step { sent && !pages && host[A].qemu == paused && host[B].qemu != off ->
                printf("A: all memory sent\n");
                pages = true }
#endif
    :: kernelLogin(A, P)
    :: kernelLogin(A, S)
    :: kernelLogin(B, P)
    :: kernelLogin(B, S)
#ifdef LAST_LOGIN_WINS
    :: kernelLoginKick(A, P)
    :: kernelLoginKick(A, S)
    :: kernelLoginKick(B, P)
    :: kernelLoginKick(B, S)
#endif
    :: nodedevAutostart(A, P)
    :: nodedevAutostart(A, S)
    :: nodedevAutostart(B, P)
    :: nodedevAutostart(B, S)
    :: atomic { mayStartCold(A, P) && !job ->
                startedCold[A] = true; startCPUs(A); mayBeDead() }
    :: atomic { mayStartCold(B, S) && !finishing ->
                startedCold[B] = true; startCPUs(B); mayBeDead() }
#ifdef MOVES_ON
    :: d_step { holds(B) && host[B].qemu == running && host[B].virtqemud && !movedOn ->
                printf("B: guest moves on to a third host\n");
                movedOn = true;
                host[B].qemu = off;
                host[B].journal[P] = undefined;
                host[B].journal[S] = undefined;
                host[B].vport[P] = false;
                host[B].vport[S] = false;
                login[P] = THIRD;
                login[S] = THIRD }
#endif
    od
}


/*
 * Faults
 */

inline crashDaemon(h)
{
    host[h].virtqemud = false;
    cut(h);
    if
    :: h == A -> job = false; inCall = false
    :: h == B && finishing && host[B].qemu == off -> guestKilled = true
    :: else
    fi;
    if
    :: peer2peer && h == A -> cut(B); clientDead = true
    :: else
    fi
}

inline killQEMU(h)
{
    if
    :: h == A && host[A].qemu != off && host[B].qemu != running -> guestKilled = true
    :: h == B && host[B].qemu != off && (host[B].qemu == running || !isMarked(B, S)) ->
       guestKilled = true
    :: else
    fi;
    if
    :: h == A && !inCall -> job = false
    :: else
    fi;
    if
    :: postcopy && h == A && sent && !pages -> host[B].qemu = off; guestKilled = true
    :: else
    fi;
    host[h].qemu = off
}

inline linkDown(h)
{
    logOut(h, P);
    logOut(h, S)
}

inline crashHost(h)
{
    killQEMU(h);
    crashDaemon(h);
    linkDown(h);
    host[h].vport[P] = false;
    host[h].vport[S] = false;
    host[h].up = false;
    if
    :: h == A -> performed = false
    :: else
    fi
}

#define usesFabric(h)  (login[P] == (h) || login[S] == (h))

inline faultsOf(h)
{
    if
    :: d_step { host[h].virtqemud -> crashDaemon(h);
                printf("FAULT: virtqemud on %c crashes\n", HOST(h)) }
    :: d_step { host[h].qemu != off -> killQEMU(h);
                printf("FAULT: QEMU on %c dies\n", HOST(h)) }
    :: d_step { connected[h] && !(peer2peer && h == A) -> cut(h);
                printf("FAULT: connection of client and %c is cut\n", HOST(h)) }
#ifndef NO_LINK_FAULTS
    :: d_step { usesFabric(h) -> linkDown(h);
                printf("FAULT: fabric link of %c goes down and comes up\n", HOST(h)) }
#endif
#ifndef NO_HOST_FAULTS
    :: d_step { host[h].up -> crashHost(h);
                printf("FAULT: host %c is powered off\n", HOST(h)) }
#endif
    fi
}

proctype misfortune()
{
    do
    :: atomic { mayFail -> faults++; faultsOf(A) }
    :: atomic { mayFail -> faults++; faultsOf(B) }
    :: atomic { mayFail && !clientDead && !peer2peer && (connected[A] || connected[B]) ->
                faults++; cut(A); cut(B); clientDead = true;
                printf("FAULT: client dies\n") }
    :: break
    od
}

/* A host that was powered off comes back. */
proctype power()
{
    do
    :: atomic { !host[A].up -> host[A].up = true; printf("A: boots\n") }
    :: atomic { !host[B].up -> host[B].up = true; printf("B: boots\n") }
    od
}


/*
 * The judge: acts when nothing else can
 */

#define isClean(h) \
    (host[h].journal[P] == undefined && host[h].journal[S] == undefined && \
     !host[h].vport[P] && !host[h].vport[S] && host[h].qemu == off)
#define before  (holds(A) && isClean(B) && host[A].qemu != paused && host[A].qemu != waiting)
#define after   (isClean(A) && (movedOn && isClean(B) || \
                 holds(B) && host[B].qemu != paused && host[B].qemu != waiting))

/* A cannot tell without B's word, and has no way to ask for it. */
#define nobodyCanTell \
    (!(peer2peer && holdsP) && !actedOnThere && host[A].journal[S] == lent && \
     (host[A].journal[P] == lent || remembersPerform))

proctype judge()
{
    bool misled;
    bool wasBefore;
    mtype qemuA;
    mtype qemuB;

    timeout;
    if
    :: nobodyCanTell ->
       assert(host[B].journal[S] != borrowed);          /* 5 */
       atomic {
           verdict = (host[B].journal[S] == unmarked || movedOn -> there : here);
#ifdef WRONG_VERDICT
           misled = verdict == there;
           verdict = here;
#endif
#ifdef WRONG_THERE
           misled = verdict == here && mayLie;
           verdict = (misled -> there : verdict);
#endif
           printf("the administrator says %e\n", verdict)
       };
       timeout;
#ifdef BY_DESTROY
       /* The fabric has not borne out that B has S. Now he has to undefine S. */
       if
       :: nobodyCanTell && verdict == undecided && !misled ->
          verdict = (host[B].journal[S] == unmarked || movedOn -> there : here);
          printf("the administrator says %e once more\n", verdict);
          timeout
       :: else
       fi
#endif
    :: else
    fi;
    !misled;                                /* else A stays as it is */

    assert(before || after);                            /* 5 */
#if !defined(POSTCOPY) && !defined(OFFLINE)
    assert(guestKilled || movedOn ||
           host[A].qemu == running || host[B].qemu == running);     /* 7 */
#endif
    d_step {
        wasBefore = before;
        qemuA = host[A].qemu;
        qemuB = host[B].qemu;
        printf("both virtqemud are restarted once more\n");
        host[A].virtqemud = false;
        host[B].virtqemud = false
    };

    timeout;
    assert(wasBefore -> before : after);                /* 6 */
    assert(host[A].qemu == qemuA && host[B].qemu == qemuB)  /* 6 */
}

init
{
    d_step {
        host[A].up = true;
        host[B].up = true;
        host[A].virtqemud = true;
        host[B].virtqemud = true;
        host[A].journal[P] = unmarked;
        host[A].journal[S] = unmarked;
        host[A].vport[P] = true;
        host[A].vport[S] = true;
        host[B].journal[P] = undefined;
        host[B].journal[S] = undefined;
        login[P] = A;
        login[S] = A;
        host[B].qemu = off;
#ifdef OFFLINE
        host[A].qemu = off;
#else
        host[A].qemu = running;
#endif
        connected[A] = true;
        connected[B] = true;
        call[A] = none;
        call[B] = none;
        reply[A] = none;
        reply[B] = none
    };
    atomic {
        run virtqemudA();
        run virtqemudB();
        run client();
        run nature();
        run power();
        run misfortune();
        run judge()
    }
}
