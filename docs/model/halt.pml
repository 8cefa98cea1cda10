/* The halt protocol as it is built: one store, NI gates, notices that are lost, repeated or reordered, lease answers that come
   late, gates that crash and restart, a pause between check and write, a gate clock that lags by one tick, two operators.
   `make model` runs it whole and with each rule switched off; what each part is in the code:

   epoch, hist      the store's epoch and control rows (Sources/Store/Control)
   ge, gh, lease    the gate's state and its lease, counted from before the request (OrderGate, ReplicaKeeper)
   rq, rs           a renewal on its way to the store and back (ControlStore.renew: gate row and record in one transaction)
   dl, fz           the end of the last lease granted, and as a stop sees it right after its commit (SealWait: the time at which
                    it first saw the row's turn, plus the lease; that is never earlier than dl)
   acked            the epoch in the gate's row, sent after draining (ReplicaKeeper, CommandProcessor.follow)
   infl, oexp       an order inside its section, and the lease it captured, which the venue enforces (VenueOrder.expiresAt)
   returned         the stop has answered sealed

   -DNOLEASEWAIT  a stop answers after the store took it, without acknowledgements or leases running out
   -DNODRAIN      a gate acknowledges while an order is between check and write; with -DPAUSE also: write outside the section
   -DNOXFENCE     the venue ignores the order's expiry; with -DPAUSE an order can be paused half way
   -DNOEPOCH      a gate takes states in any order
   -DBOOTCACHE    a restarted gate trusts what it last knew instead of being held until it has a lease
   -DNOSKEW       a stop adds no margin for clock skew
   -DNOIFMATCH    a release does not name the epoch it was decided at */
#ifndef NI
#define NI 2
#endif
#define L 2
#define SKEW 1
#ifdef NODRAIN
#define DRAINED(i) true
#else
#define DRAINED(i) (!infl[i])
#endif
#ifdef NOSKEW
#define MARGIN 0
#else
#define MARGIN SKEW
#endif
#ifndef TMAX
#define TMAX 7
#endif
#define EMAX 5
byte clk=0;
byte epoch=1; bit hist[EMAX];            /* hist[e]=1 : epoch e is a halt */
bit returned=0;                          /* the halt call of the current epoch has returned */
byte dl[NI]; byte acked[NI]; byte fz[NI];
/* gate state */
byte ge[NI]; bit gh[NI]; byte lease[NI]; bit infl[NI]; byte oexp[NI];
bit rq[NI]; byte rqt[NI]; bit rs[NI]; byte rse[NI]; byte rst[NI];

inline apply(i,e){ 
#ifdef NOEPOCH
  ge[i]=e; gh[i]=hist[e];
#else
  if :: e>ge[i] -> ge[i]=e; gh[i]=hist[e]; :: else fi
#endif
}
active proctype Clock(){ do :: atomic{ clk<TMAX -> clk++ } :: clk==TMAX -> break od }

proctype Gate(byte i){ byte e; byte t;
 do
 /* notification: any past epoch, any order, any number of times, or never */
 :: atomic{ clk<TMAX -> if :: e=1 :: e=2 :: e=3 :: e=4 fi; if :: e<=epoch -> apply(i,e) :: else fi; e=0 }
 /* lease renew: request, (store side), response */
 :: atomic{ !rq[i] && !rs[i] && clk<TMAX -> rq[i]=1; rqt[i]=clk }
 :: atomic{ rq[i] -> rq[i]=0; rs[i]=1; rse[i]=epoch; rst[i]=rqt[i]+L; if :: clk+L>dl[i] -> dl[i]=clk+L :: else fi }
 :: atomic{ rs[i] -> rs[i]=0;
#ifdef NOEPOCH
      ge[i]=rse[i]; gh[i]=hist[rse[i]]; lease[i]=rst[i]
#else
      if :: rse[i]>=ge[i] -> apply(i,rse[i]); lease[i]=rst[i] :: else fi
#endif
    }
 /* ack the applied epoch */
 :: atomic{ (ge[i]>acked[i] && ge[i]<=epoch && DRAINED(i)) -> acked[i]=ge[i] }
 /* order: check, then write as a separate step; gate clock may lag by SKEW */
 :: atomic{ !infl[i] && !gh[i] && ge[i]>0 -> if :: t=clk :: clk>0 -> t=clk-SKEW fi;
      if :: t<lease[i] -> infl[i]=1; oexp[i]=lease[i];
#ifndef PAUSE
         /* no pause possible: check+write are one step */
         infl[i]=0; assert(!(returned && hist[epoch]))
#endif
      :: else fi; t=0 }
#ifdef PAUSE
 :: atomic{ infl[i] -> if :: t=clk :: clk>0 -> t=clk-SKEW fi; infl[i]=0;
#ifndef NOXFENCE
      if :: t<oexp[i] -> assert(!(returned && hist[epoch])) :: else fi;   /* venue rejects a late order */
#else
      assert(!(returned && hist[epoch]));
#endif
      t=0 }
#endif
 /* crash + restart */
 :: atomic{ clk<TMAX -> infl[i]=0; rq[i]=0; rs[i]=0;
#ifdef BOOTCACHE
      gh[i]=0; ge[i]=1; lease[i]=clk+L+L
#else
      ge[i]=0; gh[i]=0; lease[i]=0
#endif
    }
 :: clk==TMAX -> break
 od }

proctype OpA(){ byte j; byte n=0;
 do
 :: n<2 -> 
   atomic{ if :: epoch<EMAX-1 && !hist[epoch] -> epoch++; hist[epoch]=1; returned=0; j=0; do :: j<NI -> fz[j]=dl[j]; j++ :: else -> break od; n++ :: else -> n++; goto nxt fi };
#ifndef NOLEASEWAIT
   j=0;
   do :: j<NI -> (acked[j]>=epoch || clk>=fz[j]+MARGIN || clk==TMAX) ; j++ 
      :: else -> break od;
#endif
   atomic{ if :: clk<TMAX && hist[epoch] -> returned=1 :: else fi };
nxt: skip
 :: n>=2 -> break
 od }
proctype OpB(){ byte seen;
  seen=epoch;                                   /* reads the state ... */
  atomic{ /* ... and resumes later */
#ifdef NOIFMATCH
    if :: epoch<EMAX-1 && hist[epoch] -> assert(seen==epoch); epoch++; hist[epoch]=0; returned=0 :: else fi
#else
    if :: epoch<EMAX-1 && hist[epoch] && seen==epoch -> epoch++; hist[epoch]=0; returned=0 :: else fi
#endif
  } }
init{ atomic{ byte k; k=0; do :: k<NI -> run Gate(k); k++ :: else -> break od; run OpA(); run OpB() } }
