import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import 'reflect-metadata';
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';

/** PEM texts: an authority, and a certificate of it with its key. */
export interface TestCertificates { readonly authority: string; readonly certificate: string; readonly key: string }

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

/** Made anew for each suite. @param host the certificate is for beside `localhost` and 127.0.0.1. */
export async function testCertificates(host = 'localhost'): Promise<TestCertificates> {
  const keyPair = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authorityKeys = await keyPair(), keys = await keyPair();
  const notBefore = new Date(Date.now() - dayMs), notAfter = new Date(Date.now() + dayMs);
  const authority = await X509CertificateGenerator.createSelfSigned({ serialNumber: '01', name: 'CN=Weir test authority', notBefore, notAfter, signingAlgorithm: algorithm, keys: authorityKeys, extensions: [new BasicConstraintsExtension(true, 0, true)] });
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '02', subject: 'CN=localhost', issuer: authority.subject, notBefore, notAfter, signingAlgorithm: algorithm, publicKey: keys.publicKey, signingKey: authorityKeys.privateKey,
    extensions: [new BasicConstraintsExtension(false, undefined, true), new SubjectAlternativeNameExtension([...new Set(['localhost', '127.0.0.1', host])].map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })))],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64').replace(/.{64}/g, '$&\n');
  return { authority: `${authority.toString('pem')}\n`, certificate: `${certificate.toString('pem')}\n`, key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n` };
}
