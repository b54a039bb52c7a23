import { useCallback, useMemo, useState, type ReactNode } from 'react';
import { AlertsPage } from './alerts/alerts-page';
import { ApiClient } from './api/client';
import { CasePage } from './review/case-page';
import { ReviewPage } from './review/review-page';
import { DecisionPage } from './decision/decision-page';
import { LineagePage } from './features/lineage-page';
import { VerificationPage } from './features/verification-page';
import { EntityPage } from './entity/entity-page';
import { LivePage } from './live/live-page';
import { LiveStore } from './live/live-store';
import { DriftPage } from './models/drift-page';
import { ModelsPage } from './models/models-page';
import { Frame } from './parts/frame';
import { PatternPage } from './pattern/pattern-page';
import { PatternsPage } from './pattern/patterns-page';
import { SearchPage } from './search/search-page';
import { forgetKey, keepKey, readKey } from './session';
import { useRoute } from './route';
import { SignIn } from './sign-in';

export function App(): ReactNode {
  const [key, setKey] = useState(readKey);
  const client = useMemo(() => (key === null ? undefined : new ApiClient(key)), [key]);
  const live = useMemo(() => (client === undefined ? undefined : new LiveStore(client)), [client]);
  const signIn = useCallback((given: string) => { keepKey(given); setKey(given); }, []);
  const signOut = useCallback(() => { forgetKey(); setKey(null); }, []);
  if (client === undefined || live === undefined) return <SignIn onKey={signIn} />;
  return <Frame live={live} onSignOut={signOut}><Page client={client} live={live} /></Frame>;
}

function Page({ client, live }: { client: ApiClient; live: LiveStore }): ReactNode {
  const route = useRoute();
  switch (route.page) {
    case 'live': return <LivePage live={live} />;
    case 'decisions': return <SearchPage client={client} query={route.query} key={route.query.toString()} />;
    case 'decision': return <LoadedDecision key={route.id} client={client} by="id" id={route.id} />;
    case 'transaction': return <LoadedDecision key={route.id} client={client} by="transaction" id={route.id} />;
    case 'alerts': return <AlertsPage client={client} />;
    case 'review': return <ReviewPage client={client} />;
    case 'case': return <CasePage key={route.id} client={client} id={route.id} />;
    case 'entity': return <EntityPage key={`${route.type}:${route.id}`} client={client} type={route.type} id={route.id} />;
    case 'models': return <ModelsPage client={client} />;
    case 'drift': return <DriftPage client={client} />;
    case 'lineage': return <LineagePage key={route.of ?? ''} client={client} of={route.of} />;
    case 'verification': return <VerificationPage client={client} />;
    case 'patterns': return <PatternsPage client={client} />;
    case 'pattern': return <PatternPage key={`${route.name}:${route.entity ?? ''}`} client={client} name={route.name} entity={route.entity} />;
    case 'unknown': return <p className="empty">There is no such page. <a href="#/">Live decisions</a></p>;
  }
}

function LoadedDecision({ client, by, id }: { client: ApiClient; by: 'id' | 'transaction'; id: string }): ReactNode {
  const load = useCallback(() => (by === 'id' ? client.decision(id) : client.byTransactionId(id)), [client, by, id]);
  const types = useCallback(() => client.entityTypes(), [client]);
  const nearMisses = useCallback((decision: string) => client.nearMisses(decision), [client]);
  return <DecisionPage load={load} entityTypes={types} nearMisses={nearMisses} />;
}
