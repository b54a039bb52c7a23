import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;
import org.apache.flink.api.common.state.*;
import org.apache.flink.api.common.typeutils.*;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.cep.configuration.SharedBufferCacheConfig;
import org.apache.flink.cep.nfa.*;
import org.apache.flink.cep.nfa.aftermatch.*;
import org.apache.flink.cep.nfa.compiler.NFACompiler;
import org.apache.flink.cep.nfa.sharedbuffer.*;
import org.apache.flink.cep.pattern.*;
import org.apache.flink.cep.pattern.conditions.*;
import org.apache.flink.cep.time.TimerService;
import org.apache.flink.api.java.typeutils.GenericTypeInfo;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import java.io.*;
import java.lang.reflect.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;

/** Answers pattern cases (a JSON object a line on standard input) with Apache Flink CEP itself. */
public class ReferenceAnswers {
  public static class Ev implements Serializable { public String id; public long ts; public Map<String,Object> f = new HashMap<>();
    public int hashCode(){return id.hashCode();} public boolean equals(Object o){return o instanceof Ev && ((Ev)o).id.equals(id);} }
  static final ObjectMapper M = new ObjectMapper();

  static class MemMap<K,V> implements MapState<K,V> {
    final Map<K,V> m = new HashMap<>();
    public V get(K k){return m.get(k);} public void put(K k,V v){m.put(k,v);} public void putAll(Map<K,V> x){m.putAll(x);} public void remove(K k){m.remove(k);}
    public boolean contains(K k){return m.containsKey(k);} public Iterable<Map.Entry<K,V>> entries(){return m.entrySet();} public Iterable<K> keys(){return m.keySet();}
    public Iterable<V> values(){return m.values();} public Iterator<Map.Entry<K,V>> iterator(){return m.entrySet().iterator();} public boolean isEmpty(){return m.isEmpty();} public void clear(){m.clear();}
  }
  static class MemVal<T> implements ValueState<T> { T v; public T value(){return v;} public void update(T x){v=x;} public void clear(){v=null;} }
  static KeyedStateStore store() {
    Map<String,Object> states = new HashMap<>();
    return (KeyedStateStore) Proxy.newProxyInstance(ReferenceAnswers.class.getClassLoader(), new Class[]{KeyedStateStore.class}, (p, method, args) -> {
      String n = ((StateDescriptor<?,?>) args[0]).getName();
      if (method.getName().equals("getMapState")) return states.computeIfAbsent(n, k -> new MemMap<>());
      if (method.getName().equals("getState")) return states.computeIfAbsent(n, k -> new MemVal<>());
      throw new UnsupportedOperationException(method.getName());
    });
  }

  static Object val(JsonNode n){ if(n==null||n.isNull())return null; if(n.isNumber())return n.doubleValue(); if(n.isTextual())return n.asText(); if(n.isBoolean())return n.asBoolean(); if(n.isArray()){List<Object> l=new ArrayList<>(); for(JsonNode x:n)l.add(val(x)); return l;} return n.toString(); }
  static boolean compare(String op, Object a, Object b) {
    if (a==null||b==null) return false;
    switch(op){
      case "in": for(Object x:(List<?>)b) if(eq(a,x)) return true; return false;
      case "contains": return a.toString().contains(b.toString());
      case "startsWith": return a.toString().startsWith(b.toString());
      case "eq": return eq(a,b); case "ne": return !eq(a,b);
    }
    int c; if(a instanceof Double&&b instanceof Double) c=Double.compare((Double)a,(Double)b); else c=a.toString().compareTo(b.toString());
    switch(op){ case "lt": return c<0; case "le": return c<=0; case "gt": return c>0; case "ge": return c>=0; }
    throw new IllegalArgumentException("op "+op);
  }
  static boolean eq(Object a,Object b){ if(a instanceof Double&&b instanceof Double) return ((Double)a).doubleValue()==((Double)b).doubleValue(); return a.equals(b); }
  static Object field(Ev e,String f){ return f.equals("$ts")?Double.valueOf(e.ts):e.f.get(f); }

  static class Cond extends IterativeCondition<Ev> {
    final String json; transient JsonNode n;
    Cond(JsonNode n){this.json=n.toString(); this.n=n;}
    public boolean filter(Ev e, Context<Ev> ctx) throws Exception { if(n==null) n=M.readTree(json); return test(n,e,ctx); }
    static boolean test(JsonNode n, Ev e, Context<Ev> ctx) throws Exception {
      if(n.has("and")){ for(JsonNode x:n.get("and")) if(!test(x,e,ctx)) return false; return true; }
      if(n.has("or")){ for(JsonNode x:n.get("or")) if(test(x,e,ctx)) return true; return false; }
      if(n.has("not")) return !test(n.get("not"),e,ctx);
      if(n.has("iter")){
        JsonNode it=n.get("iter"); List<Ev> l=new ArrayList<>();
        for(Ev x: ctx.getEventsForPattern(it.get("of").asText())) l.add(x);
        if(it.path("includeCurrent").asBoolean(false)) l.add(e);
        String agg=it.get("agg").asText(); Object left=null;
        if(agg.equals("count")) left=(double)l.size();
        else { List<Object> vs=new ArrayList<>(); for(Ev x:l){Object v=field(x,it.get("field").asText()); if(v!=null) vs.add(v);} 
          switch(agg){
            case "sum": {double s=0; for(Object v:vs)s+=(Double)v; left=s; break;}
            case "first": left=vs.isEmpty()?null:vs.get(0); break; case "last": left=vs.isEmpty()?null:vs.get(vs.size()-1); break;
            case "min": for(Object v:vs) if(left==null||compare("lt",v,left)) left=v; break;
            case "max": for(Object v:vs) if(left==null||compare("gt",v,left)) left=v; break; } }
        Object right=n.has("current")?field(e,n.get("current").asText()):val(n.get("value"));
        return compare(n.get("op").asText(), left, right);
      }
      return compare(n.get("op").asText(), field(e,n.get("field").asText()), val(n.get("value")));
    }
  }

  static Pattern<Ev,?> chain(JsonNode steps, AfterMatchSkipStrategy skip) throws Exception {
    Pattern<Ev,?> p=null;
    for(JsonNode s: steps){
      String c=s.get("contiguity").asText();
      if(s.has("group")&&!s.get("group").isNull()){
        Pattern<Ev,?> g=chain(s.get("group").get("steps"), skip); 
        GroupPattern gp;
        if(p==null) gp=(GroupPattern) Pattern.begin((Pattern)g, skip);
        else switch(c){ case "next": gp=p.next((Pattern)g); break; case "followedBy": gp=p.followedBy((Pattern)g); break; case "followedByAny": gp=p.followedByAny((Pattern)g); break; default: throw new MalformedPatternException("group "+c); }
        p=gp;
      } else {
        String n=s.get("name").asText();
        if(p==null) p=Pattern.begin(n, skip);
        else switch(c){ case "next": p=p.next(n); break; case "followedBy": p=p.followedBy(n); break; case "followedByAny": p=p.followedByAny(n); break; case "notNext": p=p.notNext(n); break; case "notFollowedBy": p=p.notFollowedBy(n); break; default: throw new MalformedPatternException(c); }
        if(s.has("where")&&!s.get("where").isNull()) p=((Pattern)p).where(new Cond(s.get("where")));
      }
      JsonNode q=s.get("quantifier");
      if(q!=null&&!q.isNull()){
        boolean single=q.path("single").asBoolean(false);
        int min=q.get("min").asInt(); Integer max=q.get("max").isNull()?null:q.get("max").asInt();
        Duration w=q.hasNonNull("windowMs")?Duration.ofMillis(q.get("windowMs").asLong()):null;
        if(!single){
          if(max==null){ if(min==1) p= w==null?p.oneOrMore():p.oneOrMore(w); else p= w==null?p.timesOrMore(min):p.timesOrMore(min,w); }
          else if(min==max) p= w==null?p.times(min):p.times(min,w); else p= w==null?p.times(min,max):p.times(min,max,w);
        }
        if(q.path("greedy").asBoolean(false)) p=p.greedy();
        if(q.path("optional").asBoolean(false)) p=p.optional();
        String inner=q.path("inner").asText("relaxed");
        if(inner.equals("consecutive")) p=p.consecutive(); if(inner.equals("allowCombinations")) p=p.allowCombinations();
      }
      if(s.has("until")&&!s.get("until").isNull()) p=((Pattern)p).until(new Cond(s.get("until")));
      if(s.has("within")&&!s.get("within").isNull()) p=p.within(Duration.ofMillis(s.get("within").get("ms").asLong()), WithinType.PREVIOUS_AND_CURRENT);
    }
    return p;
  }
  static AfterMatchSkipStrategy skipOf(JsonNode s){
    if(s==null||s.isNull()) return AfterMatchSkipStrategy.noSkip();
    boolean t=s.path("throwOnMiss").asBoolean(false);
    switch(s.get("strategy").asText()){ case "noSkip": return AfterMatchSkipStrategy.noSkip(); case "skipPastLastEvent": return AfterMatchSkipStrategy.skipPastLastEvent(); case "skipToNext": return AfterMatchSkipStrategy.skipToNext();
      case "skipToFirst": {SkipToFirstStrategy x=AfterMatchSkipStrategy.skipToFirst(s.get("pattern").asText()); return t?x.throwExceptionOnMiss():x;}
      case "skipToLast": {SkipToLastStrategy x=AfterMatchSkipStrategy.skipToLast(s.get("pattern").asText()); return t?x.throwExceptionOnMiss():x;} }
    throw new IllegalArgumentException();
  }
  static ArrayNode matches(Collection<Map<String,List<Ev>>> ms){ ArrayNode a=M.createArrayNode(); for(Map<String,List<Ev>> m:ms) a.add(match(m)); return a; }
  static ObjectNode match(Map<String,List<Ev>> m){ ObjectNode o=M.createObjectNode(); for(Map.Entry<String,List<Ev>> e:new TreeMap<>(m).entrySet()){ ArrayNode l=o.putArray(e.getKey()); for(Ev x:e.getValue()) l.add(x.id);} return o; }

  static ObjectNode answer(JsonNode c) throws Exception {
    ObjectNode out=M.createObjectNode(); out.put("name", c.get("name").asText());
    NFA<Ev> nfa; AfterMatchSkipStrategy skip;
    try {
      skip=skipOf(c.get("skip"));
      Pattern<Ev,?> p=chain(c.get("pattern").get("steps"), skip);
      JsonNode w=c.get("pattern").get("within");
      if(w!=null&&!w.isNull()) p=p.within(Duration.ofMillis(w.get("ms").asLong()));
      nfa=NFACompiler.<Ev>compileFactory((Pattern<Ev,?>)p,true).createNFA();
    } catch(Throwable t){ ObjectNode e=out.putObject("error"); e.put("phase","compile"); e.put("message",String.valueOf(t.getMessage())); return out; }
    try {
      TypeSerializer<Ev> ser=new GenericTypeInfo<>(Ev.class).createSerializer(new SerializerConfigImpl());
      org.apache.flink.cep.nfa.sharedbuffer.SharedBuffer<Ev> buffer=new org.apache.flink.cep.nfa.sharedbuffer.SharedBuffer<>(store(), ser, new SharedBufferCacheConfig(10000,10000,Duration.ofDays(1)));
      NFAState st=nfa.createInitialNFAState();
      TimerService ts=()->0L;
      ArrayNode em=out.putArray("expected"), to=out.putArray("timeouts"); ObjectNode fl=out.putObject("flush"); ArrayNode fm=fl.putArray("expected"), ft=fl.putArray("timeouts");
      for(JsonNode j:c.get("events")){
        Ev e=new Ev(); e.id=j.get("id").asText(); e.ts=j.get("ts").asLong(); j.fields().forEachRemaining(x->{ if(!x.getKey().equals("id")&&!x.getKey().equals("ts")&&!x.getValue().isNull()) e.f.put(x.getKey(),val(x.getValue())); });
        try(SharedBufferAccessor<Ev> acc=buffer.getAccessor()){
          Tuple2<Collection<Map<String,List<Ev>>>,Collection<Tuple2<Map<String,List<Ev>>,Long>>> r=nfa.advanceTime(acc,st,e.ts,skip);
          em.addAll(matches(r.f0)); for(Tuple2<Map<String,List<Ev>>,Long> x:r.f1){ObjectNode o=to.addObject(); o.set("match",match(x.f0)); o.put("at",x.f1);} }
        try(SharedBufferAccessor<Ev> acc=buffer.getAccessor()){ em.addAll(matches(nfa.process(acc,st,e,e.ts,skip,ts))); }
      }
      try(SharedBufferAccessor<Ev> acc=buffer.getAccessor()){
        Tuple2<Collection<Map<String,List<Ev>>>,Collection<Tuple2<Map<String,List<Ev>>,Long>>> r=nfa.advanceTime(acc,st,Long.MAX_VALUE,skip);
        fm.addAll(matches(r.f0)); for(Tuple2<Map<String,List<Ev>>,Long> x:r.f1){ObjectNode o=ft.addObject(); o.set("match",match(x.f0)); o.put("at",x.f1);} }
    } catch(Throwable t){ ObjectNode e=out.putObject("error"); e.put("phase","run"); e.put("message",String.valueOf(t)); }
    return out;
  }
  public static void main(String[] a) throws Exception {
    BufferedReader in=new BufferedReader(new InputStreamReader(System.in)); PrintWriter o=new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out)));
    ExecutorService pool=Executors.newCachedThreadPool(r->{Thread t=new Thread(r);t.setDaemon(true);return t;});
    for(String l; (l=in.readLine())!=null;){ JsonNode c=M.readTree(l); if(c.has("stream")) { o.println("{\"name\":\""+c.get("name").asText()+"\",\"skipped\":true}"); continue; }
      Future<ObjectNode> f=pool.submit(()->answer(c)); try { o.println(f.get(3,TimeUnit.SECONDS)); } catch(TimeoutException t){ f.cancel(true); o.println("{\"name\":\""+c.get("name").asText()+"\",\"skipped\":true}"); } }
    o.flush(); System.exit(0);
  }
}
