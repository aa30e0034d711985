/*
 * pairs.pml: the hand-over of several pairs of vHBAs as one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A guest on two fabrics has two pairs. Each mark is a file of its own, so a
 * crash can come between the marks of one pair and those of the next, but the
 * pairs have to end up on the same host: that is checked here. handover.pml
 * has one pair and all the rest; here are the journals only, with the same
 * names, and FAULTS crashes of either virtqemud at every step.
 *
 * The rules, for the pairs whose marks name the same migration:
 *   on B: committed when every S is unmarked. To forget, first mark again
 *         every S that is not, then undefine.
 *   on A: B may run the guest when every P is lent. To take back, first clear
 *         every P, then every S. To give up, first undefine every S, then
 *         every P.
 *
 * Choices: PAIRS=n, FAULTS=n, PEER2PEER (A can ask B), BUG_…
 */

#ifdef PEER2PEER
#define peer2peer true
#else
#define peer2peer false
#endif

#ifndef PAIRS
#define PAIRS 2
#endif

#ifndef FAULTS
#define FAULTS 2
#endif

#define A 0
#define B 1

#define P 0
#define S 1

mtype = { undefined, unmarked, lent, borrowed };
mtype = { undecided, here, there };

typedef Journal {
    mtype mark[2 * PAIRS];
};

Journal journal[2];
bool virtqemud[2];
byte faults;

/* what A and B tell each other; any of it may come late or never */
bool cookie;                    /* Begin is over */
bool prepared;
bool performed;
mtype answer = undecided;       /* of Finish */

bool settled;                   /* B knows what becomes of the guest */
bool ranOnB;
mtype decided = undecided;      /* A has begun to act on it */

#define mark(h, w, i)  journal[h].mark[(w) * PAIRS + (i)]
#define isMarked(h, w, i) \
    (mark(h, w, i) == lent || mark(h, w, i) == borrowed)
#define HOST(h)        ((h) == A -> 'A' : 'B')
#define VHBA(w)        ((w) == P -> 'P' : 'S')

inline setMark(h, w, i, m)
{
    d_step {
        mark(h, w, i) = m;
        assert(mark(A, w, i) != undefined || mark(B, w, i) != undefined);  /* 4 */
        printf("%c: journal of %c of pair %d: %e\n", HOST(h), VHBA(w), i + 1, m)
    }
}

/* Looks at all marks in one go, at those of this migration only: a vHBA that
 * is not marked belongs to it if its partner is. */
inline look()
{
    d_step {
        anyPMarked = false;
        allPMarked = true;
        anySMarked = false;
        anyGone = false;
        for (i : 0 .. PAIRS - 1) {
            if
            :: isMarked(me, P, i) ->
               anyPMarked = true;
               anyGone = anyGone || mark(me, S, i) == undefined
            :: !isMarked(me, P, i) && isMarked(me, S, i) ->
               allPMarked = false
            :: else
            fi;
            anySMarked = anySMarked || isMarked(me, S, i)
        };
        i = 0
    }
}


/*
 * Source
 */

inline srcTakeBack()
{
    assert(!ranOnB);                            /* 3 */
    assert(decided != there);                   /* 5 */
    for (i : 0 .. PAIRS - 1) {
        if
        :: mark(A, P, i) == lent ->
           atomic { setMark(A, P, i, unmarked); decided = here }
        :: else
        fi;
#ifdef BUG_ONE_BY_ONE
        if
        :: mark(A, S, i) == lent -> setMark(A, S, i, unmarked)
        :: else
        fi
#endif
    };
    for (i : 0 .. PAIRS - 1) {
        if
        :: mark(A, S, i) == lent -> setMark(A, S, i, unmarked)
        :: else
        fi
    }
}

inline srcGiveUp()
{
    assert(decided != here);                    /* 5 */
    for (i : 0 .. PAIRS - 1) {
        if
        :: mark(A, S, i) == lent ->
           atomic { setMark(A, S, i, undefined); decided = there }
        :: else
        fi;
#ifdef BUG_ONE_BY_ONE
        if
        :: mark(A, P, i) == lent -> setMark(A, P, i, undefined)
        :: else
        fi
#endif
    };
    for (i : 0 .. PAIRS - 1) {
        if
        :: mark(A, P, i) == lent -> setMark(A, P, i, undefined)
        :: else
        fi
    }
}

/* B's own journal, all of it at once, when B has made up its mind */
inline srcAsk()
{
    d_step {
        peer2peer && virtqemud[B] && settled ->
        anyGone = false;
        for (i : 0 .. PAIRS - 1) {
            anyGone = anyGone || mark(B, S, i) == undefined
        };
        i = 0;
        fate = (anyGone -> here : there)
    }
}

inline srcSettle()
{
    do
    :: look();
       if
       :: !anyPMarked && !anySMarked -> break
       :: anyPMarked && anyGone -> srcGiveUp()
       :: anySMarked && !anyGone && !allPMarked -> srcTakeBack()
       :: anyPMarked && allPMarked && !anyGone ->
          if
          :: fate == here -> srcTakeBack()
          :: fate == there -> srcGiveUp()
          :: else -> srcAsk()
          fi
       fi
    od
}

proctype virtqemudA()
{
    byte i;
    byte me = A;
    bool anyPMarked;
    bool allPMarked;
    bool anySMarked;
    bool anyGone;
    mtype fate = undecided;

    {
        for (i : 0 .. PAIRS - 1) {
            setMark(A, S, i, lent)
        };
        cookie = true;
        if
        :: prepared ->
           for (i : 0 .. PAIRS - 1) {
               setMark(A, P, i, lent)
           };
           performed = true;
           if
           :: answer != undecided -> fate = answer
           :: true                              /* the answer is lost */
           fi
        :: true                                 /* Prepare or Perform failed */
        fi;
        srcSettle();
        false
    } unless { !virtqemud[A] };

restart:
    virtqemud[A] = true;
    {
        fate = undecided;
        srcSettle();
        false
    } unless { !virtqemud[A] };
    goto restart
}


/*
 * Destination
 */

inline dstForget()
{
    assert(!ranOnB);                            /* 3 */
    for (i : 0 .. PAIRS - 1) {
        if
        :: mark(B, S, i) == unmarked && mark(B, P, i) == borrowed ->
           setMark(B, S, i, borrowed)
        :: else
        fi
    };
    for (i : 0 .. PAIRS - 1) {
        if
        :: mark(B, S, i) == borrowed -> setMark(B, S, i, undefined)
        :: else
        fi;
        if
        :: mark(B, P, i) == borrowed -> setMark(B, P, i, undefined)
        :: else
        fi
    }
}

inline dstKeep()
{
    ranOnB = true;
    /* each P when the fabric lets it in */
    for (i : 0 .. PAIRS - 1) {
        if
        :: mark(B, P, i) == borrowed && mark(A, P, i) == undefined ->
           setMark(B, P, i, unmarked)
        :: mark(B, P, i) != borrowed
        fi
    }
}

inline dstSettle()
{
#ifdef BUG_EACH_PAIR_ALONE
    for (i : 0 .. PAIRS - 1) {
        if
        :: mark(B, S, i) == unmarked -> ranOnB = true
        :: mark(B, S, i) == borrowed ->
           setMark(B, S, i, undefined);
           setMark(B, P, i, undefined)
        :: mark(B, S, i) == undefined && mark(B, P, i) == borrowed ->
           setMark(B, P, i, undefined)
        :: else
        fi
    };
    settled = true;
#endif
    do
    :: look();
       if
       :: !anyPMarked && !anySMarked -> break
       :: (anySMarked || anyGone) -> dstForget()
       :: anyPMarked && !anySMarked && !anyGone -> settled = true; dstKeep()
       fi
    od;
    settled = true
}

proctype virtqemudB()
{
    byte i;
    byte me = B;
    bool anyPMarked;
    bool allPMarked;
    bool anySMarked;
    bool anyGone;

    {
        if
        :: cookie ->
           for (i : 0 .. PAIRS - 1) {
               setMark(B, P, i, borrowed);
               setMark(B, S, i, borrowed)
           };
           prepared = true;
           if
           :: performed ->
              for (i : 0 .. PAIRS - 1) {
                  setMark(B, S, i, unmarked)
              };
              if
              :: ranOnB = true; answer = there
              :: true ->                        /* QEMU refuses */
                 dstForget();
                 answer = here
              fi
           :: true -> dstForget()               /* the client has gone */
           fi
        :: true
        fi;
        dstSettle();
        false
    } unless { !virtqemud[B] };

restart:
    virtqemud[B] = true;
    {
        settled = false;
        dstSettle();
        false
    } unless { !virtqemud[B] };
    goto restart
}


proctype misfortune()
{
    do
    :: d_step { faults < FAULTS && virtqemud[A] ->
                faults++;
                virtqemud[A] = false;
                printf("FAULT: virtqemud on A crashes\n") }
    :: d_step { faults < FAULTS && virtqemud[B] ->
                faults++;
                virtqemud[B] = false;
                printf("FAULT: virtqemud on B crashes\n") }
    :: break
    od
}

proctype judge()
{
    byte i;

    timeout;
    /* all pairs are where the guest is, and nothing is marked */
    for (i : 0 .. PAIRS - 1) {
        assert(mark(B, S, i) == (ranOnB -> unmarked : undefined));      /* 5 */
        if
        :: decided == undecided && !peer2peer && mark(A, P, i) == lent ->
           assert(mark(A, S, i) == lent);       /* 5: A cannot tell */
           assert(mark(B, P, i) == (ranOnB -> borrowed : undefined))    /* 5 */
        :: else ->
           assert(mark(A, P, i) == (ranOnB -> undefined : unmarked));   /* 5 */
           assert(mark(A, S, i) == (ranOnB -> undefined : unmarked));   /* 5 */
           assert(mark(B, P, i) == (ranOnB -> unmarked : undefined))    /* 5 */
        fi
    }
}

init
{
    byte i;

    atomic {
        for (i : 0 .. PAIRS - 1) {
            mark(A, P, i) = unmarked;
            mark(A, S, i) = unmarked;
            mark(B, P, i) = undefined;
            mark(B, S, i) = undefined
        };
        virtqemud[A] = true;
        virtqemud[B] = true;
        run virtqemudA();
        run virtqemudB();
        run misfortune();
        run judge()
    }
}
